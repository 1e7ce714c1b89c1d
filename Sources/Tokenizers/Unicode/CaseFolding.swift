/// Letters that differ in case alone, one code point for one.
enum CaseFolding {
    /// All code points that are one letter in another case, with themselves.
    static func variants(of value: UInt32) -> [UInt32] {
        groups[folded(value)] ?? [value]
    }

    /// Whether one code point is a letter that another case writes with several, such as U+00DF.
    static func isExpanded(_ value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        // A capital I with a dot folds to an i and a mark, but has no simple variant.
        return scalar.properties.uppercaseMapping.unicodeScalars.count > 1
            || scalar.properties.lowercaseMapping.unicodeScalars.count > 1
    }

    static func closed(_ set: CodePointSet) -> CodePointSet {
        var added: [CodePointSet.Bounds] = []
        for group in groups.values where group.contains(where: set.contains) {
            added += group.map { $0...$0 }
        }
        return set.union(CodePointSet(added))
    }

    /// The groups of two or more code points, by what they fold to.
    private static let groups: [UInt32: [UInt32]] = {
        var groups: [UInt32: [UInt32]] = [:]
        let cased: Set<GeneralCategory> = [.lu, .ll, .lt, .nl, .so, .mn]
        for run in GeneralCategory.runs where cased.contains(run.category) {
            for value in run.range { groups[folded(value), default: []].append(value) }
        }
        return groups.filter { $0.value.count > 1 }
    }()

    /// The lower case of the upper case: s for the long s, k for the sign of Kelvin.
    private static func folded(_ value: UInt32) -> UInt32 {
        // Neither i without a dot nor I with one is another case of I.
        if value == 0x130 || value == 0x131 { return value }
        guard let scalar = Unicode.Scalar(value) else { return value }
        let upper = scalar.properties.uppercaseMapping.unicodeScalars
        guard upper.count == 1, let first = upper.first else {
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            return lower.count == 1 ? lower.first.map(\.value) ?? value : value
        }
        let lower = first.properties.lowercaseMapping.unicodeScalars
        return lower.count == 1 ? lower.first.map(\.value) ?? value : value
    }
}
