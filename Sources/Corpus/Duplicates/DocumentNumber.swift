/// The place of a kept document in the order of all.
struct DocumentNumber: Comparable, Hashable {
    /// The piece in the upper half, the number within it in the lower: the order of numbers is that of
    /// documents.
    let value: UInt64

    init(value: UInt64) { self.value = value }

    init(piece: Int, index: Int) { value = UInt64(piece) << 32 | UInt64(index) }

    var piece: Int { Int(value >> 32) }
    var index: Int { Int(value & 0xFFFF_FFFF) }

    /// The name of the document in reports and records.
    var text: String { "\(WorkFiles.number(piece, digits: 6))-\(index)" }

    static func < (left: DocumentNumber, right: DocumentNumber) -> Bool { left.value < right.value }
}
