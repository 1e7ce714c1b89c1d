/// The place of a kept document in the order of all.
package struct DocumentNumber: Comparable, Hashable {
    /// The piece in the upper half, the number within it in the lower: the order of numbers is that of
    /// documents.
    package let value: UInt64

    package init(value: UInt64) { self.value = value }

    package init(piece: Int, index: Int) { value = UInt64(piece) << 32 | UInt64(index) }

    package var piece: Int { Int(value >> 32) }
    package var index: Int { Int(value & 0xFFFF_FFFF) }

    /// The name of the document in reports and records.
    package var text: String { "\(WorkFiles.number(piece, digits: 6))-\(index)" }

    package static func < (left: DocumentNumber, right: DocumentNumber) -> Bool {
        left.value < right.value
    }
}
