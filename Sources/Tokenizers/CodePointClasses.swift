/// The class of each code point in GPT-2's pattern: `\s`, `\p{L}`, `\p{N}` or none of them.
///
/// Two stages: the page of 256 code points, then the class within it; equal pages are stored once
/// (about 40 KB).
struct CodePointClasses: @unchecked Sendable {
    static let other: UInt8 = 0
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let whitespace: UInt8 = 3

    static let shared = CodePointClasses()

    // Unchecked Sendable: both tables are written by the initialiser alone and live as long as
    // the program.
    private let pages: UnsafePointer<UInt16>
    private let classes: UnsafePointer<UInt8>

    private init() {
        var all = [UInt8](repeating: Self.other, count: 0x110000)
        for (ranges, value) in [
            (CodePointRanges.letters, Self.letter), (CodePointRanges.numbers, Self.number),
            (CodePointRanges.whitespace, Self.whitespace),
        ] {
            for index in stride(from: 0, to: ranges.count, by: 2) {
                for codePoint in ranges[index]...ranges[index + 1] { all[Int(codePoint)] = value }
            }
        }
        var pageIDs: [[UInt8]: UInt16] = [:]
        var pages: [UInt16] = []
        var classes: [UInt8] = []
        for start in stride(from: 0, to: all.count, by: 256) {
            let page = Array(all[start..<start + 256])
            let id = pageIDs[page] ?? UInt16(pageIDs.count)
            if pageIDs.updateValue(id, forKey: page) == nil { classes += page }
            pages.append(id)
        }
        self.pages = Self.keep(pages)
        self.classes = Self.keep(classes)
    }

    /// Page 0 is stored first, so an ASCII byte is its own index.
    @inline(__always)
    func ofASCII(_ byte: UInt8) -> UInt8 { classes[Int(byte)] }

    @inline(__always)
    func of(_ codePoint: UInt32) -> UInt8 {
        classes[Int(pages[Int(codePoint >> 8)]) << 8 | Int(codePoint & 0xFF)]
    }

    private static func keep<Element: BitwiseCopyable>(
        _ elements: [Element]
    ) -> UnsafePointer<Element> {
        let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = copy.initialize(from: elements)
        return UnsafePointer(copy.baseAddress.unsafelyUnwrapped)
    }
}
