/// The class of each code point in the patterns that are scanned by hand.
///
/// Two stages: the page of 256 code points, then the class within it; equal pages are stored once
/// (about 40 KB).
struct CodePointClasses: @unchecked Sendable {
    static let other: UInt8 = 0
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let whitespace: UInt8 = 3
    /// In `cased`: upper and title case; `letter` is then a letter without case.
    static let upper: UInt8 = 4
    /// In `cased`: lower case.
    static let lower: UInt8 = 5
    /// In `cased`: marks, which belong to words and are no letters.
    static let mark: UInt8 = 6

    /// `\s`, `\p{L}`, `\p{N}` or none of them.
    static let shared = CodePointClasses(
        GeneralCategory.allCases.map { category in
            switch category {
            case .lu, .ll, .lt, .lm, .lo: letter
            case .nd, .nl, .no: number
            default: other
            }
        })

    /// The same, where upper case, lower case and marks are classes of their own.
    static let cased = CodePointClasses(
        GeneralCategory.allCases.map { category in
            switch category {
            case .lu, .lt: upper
            case .ll: lower
            case .lm, .lo: letter
            case .mn, .mc, .me: mark
            case .nd, .nl, .no: number
            default: other
            }
        })

    /// Those of `shared`, where the numbers are what the pre-tokenizer Digits cuts at.
    static let digits = CodePointClasses(
        GeneralCategory.allCases.map { category in
            switch category {
            case .lu, .ll, .lt, .lm, .lo: letter
            default: other
            }
        }, numbers: .digits)

    // Unchecked Sendable: both tables are written by the initialiser alone and live as long as
    // the program.
    private let pages: UnsafePointer<UInt16>
    private let classes: UnsafePointer<UInt8>

    /// - Parameter ofCategories: the class of each category; white space and `numbers` have their own.
    private init(_ ofCategories: [UInt8], numbers: CodePointSet = CodePointSet()) {
        var all: [UInt8] = []
        all.reserveCapacity(0x110000)
        for run in GeneralCategory.runs {
            let kind = ofCategories[Int(run.category.rawValue)]
            all.append(contentsOf: repeatElement(kind, count: run.range.count))
        }
        for (set, kind) in [(numbers, Self.number), (.whitespace, Self.whitespace)] {
            for range in set.ranges {
                for codePoint in range { all[Int(codePoint)] = kind }
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
