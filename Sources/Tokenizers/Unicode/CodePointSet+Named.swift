/// The sets that have a name in the engines of the `tokenizers` library.
extension CodePointSet {
    static let whitespace = CodePointSet(table: CodePointTable.whitespace)
    static let numbers = CodePointSet(categories: [.nd, .nl, .no])
    static let marks = CodePointSet(categories: [.mn, .mc, .me])
    static let lineBreaks = CodePointSet([0x0A...0x0A])

    /// `\w` of patterns.
    static let words: CodePointSet = CodePointSet(categories: [
        .lu, .ll, .lt, .lm, .lo, .mn, .mc, .me, .nd, .nl, .no, .pc,
    ]).symmetricDifference(CodePointSet(table: CodePointTable.unlikeWords))

    /// `\w` of the pre-tokenizer Whitespace and of the borders of added tokens: those of Rust, which
    /// has the joiners and has no raised digits and fractions of Latin-1.
    static let rustWords = words.symmetricDifference(
        CodePointSet([0x200C...0x200D, 0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]))

    /// What the pre-tokenizer Punctuation cuts at.
    static let punctuation: CodePointSet = CodePointSet(categories: [
        .pc, .pd, .ps, .pe, .pi, .pf, .po,
    ]).union(ascii("$+<=>^`|~")).symmetricDifference(
        CodePointSet(table: CodePointTable.unlikePunctuation))

    /// What the pre-tokenizer Digits cuts at.
    static let digits = numbers.symmetricDifference(
        CodePointSet(table: CodePointTable.unlikeNumbers))

    static func ascii(_ text: String) -> CodePointSet {
        .init(text.unicodeScalars.map { $0.value...$0.value })
    }

    /// The set of a general category, a group of them or a script, by its name in a pattern; nil for
    /// a name that is not known. Case, spaces, hyphens and underscores do not count.
    static func named(_ name: String) -> CodePointSet? {
        let plain = name.lowercased().filter { !" -_".contains($0) }
        if let categories = categories[plain] { return .init(categories: categories) }
        if let table = CodePointTable.scripts[plain] { return .init(table: table) }
        switch plain {
        case "any": return .all
        case "assigned": return CodePointSet(categories: [.cn]).inverted
        case "ascii": return .init([0...0x7F])
        case "space": return whitespace
        case "word": return words
        default: return nil
        }
    }

    private static let longNames = [
        "letter": "l", "uppercaseletter": "lu", "lowercaseletter": "ll", "titlecaseletter": "lt",
        "modifierletter": "lm", "otherletter": "lo", "casedletter": "lc", "mark": "m",
        "nonspacingmark": "mn", "spacingmark": "mc", "enclosingmark": "me", "number": "n",
        "decimalnumber": "nd", "letternumber": "nl", "othernumber": "no", "punctuation": "p",
        "symbol": "s", "mathsymbol": "sm", "currencysymbol": "sc", "modifiersymbol": "sk",
        "othersymbol": "so", "separator": "z", "spaceseparator": "zs", "lineseparator": "zl",
        "paragraphseparator": "zp", "other": "c", "control": "cc", "format": "cf",
        "surrogate": "cs", "privateuse": "co", "unassigned": "cn",
    ]

    private static let categories: [String: Set<GeneralCategory>] = {
        var result: [String: Set<GeneralCategory>] = ["lc": [.lu, .ll, .lt]]
        for category in GeneralCategory.allCases {
            result[category.name] = [category]
            result[String(category.name.prefix(1)), default: []].insert(category)
        }
        for (long, short) in longNames { result[long] = result[short] }
        return result
    }()
}
