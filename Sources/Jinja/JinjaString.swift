/// A text by its code points, with the operations of Python's `str`.
package struct JinjaString {
    package let scalars: [Unicode.Scalar]

    package init(_ text: String) { scalars = Array(text.unicodeScalars) }
    package init(_ scalars: some Sequence<Unicode.Scalar>) { self.scalars = Array(scalars) }

    package var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// The first place of a part from `start` on.
    package func range(of part: String, from start: Int = 0) -> Range<Int>? {
        let part = Array(part.unicodeScalars)
        guard start <= scalars.count - part.count else { return nil }
        guard let first = part.first else { return start..<start }
        for index in start...(scalars.count - part.count)
        where scalars[index] == first && scalars[index...].starts(with: part) {
            return index..<index + part.count
        }
        return nil
    }

    package func lastRange(of part: String) -> Range<Int>? {
        let part = Array(part.unicodeScalars)
        guard part.count <= scalars.count else { return nil }
        for index in stride(from: scalars.count - part.count, through: 0, by: -1)
        where scalars[index...].starts(with: part) {
            return index..<index + part.count
        }
        return nil
    }

    func count(of part: String) -> Int {
        guard !part.isEmpty else { return scalars.count + 1 }
        var (count, start) = (0, 0)
        while let range = range(of: part, from: start) {
            count += 1
            start = range.upperBound
        }
        return count
    }

    // MARK: Ends

    /// Without the characters, or the white space, at either end.
    package func stripped(_ characters: String?, start: Bool = true, end: Bool = true) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func goes(_ scalar: Unicode.Scalar) -> Bool {
            set?.contains(scalar) ?? scalar.isJinjaSpace
        }
        let first = start ? scalars.firstIndex { !goes($0) } ?? scalars.count : 0
        let last = end ? scalars.lastIndex { !goes($0) }.map { $0 + 1 } ?? first : scalars.count
        return JinjaString(scalars[first..<max(first, last)]).text
    }

    func starts(with part: String) -> Bool { scalars.starts(with: part.unicodeScalars) }

    func ends(with part: String) -> Bool {
        let part = Array(part.unicodeScalars)
        return part.count <= scalars.count
            && scalars[(scalars.count - part.count)...].elementsEqual(part)
    }

    // MARK: Parts

    /// The parts between separators; white space where there is none.
    func split(_ separator: String?, limit: Int = -1) -> [String] {
        guard let separator else { return words(limit: limit) }
        var (parts, start) = ([String](), 0)
        while parts.count != limit, let range = range(of: separator, from: start) {
            parts.append(JinjaString(scalars[start..<range.lowerBound]).text)
            start = range.upperBound
        }
        return parts + [JinjaString(scalars[start...]).text]
    }

    /// The parts between separators, of which the last ones count.
    func splitFromEnd(_ separator: String?, limit: Int) -> [String] {
        let reversed = JinjaString(scalars.reversed())
        let mark = separator.map { JinjaString($0.unicodeScalars.reversed()).text }
        return reversed.split(mark, limit: limit).reversed().map {
            JinjaString($0.unicodeScalars.reversed()).text
        }
    }

    private func words(limit: Int) -> [String] {
        var (parts, start) = ([String](), 0)
        while let begin = scalars[start...].firstIndex(where: { !$0.isJinjaSpace }) {
            if parts.count == limit {
                return parts + [JinjaString(scalars[begin...]).text]
            }
            let end = scalars[begin...].firstIndex(where: \.isJinjaSpace) ?? scalars.count
            parts.append(JinjaString(scalars[begin..<end]).text)
            start = end
        }
        return parts
    }

    private static let lineBreaks: Set<Unicode.Scalar> = [
        "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}",
        "\u{2029}",
    ]

    func lines(keepsEnds: Bool = false) -> [String] {
        var (lines, start, index) = ([String](), 0, 0)
        while index < scalars.count {
            guard Self.lineBreaks.contains(scalars[index]) else {
                index += 1
                continue
            }
            let end = index
            let isPair =
                scalars[index] == "\r" && index + 1 < scalars.count
                && scalars[index + 1] == "\n"
            index += isPair ? 2 : 1
            lines.append(JinjaString(scalars[start..<(keepsEnds ? index : end)]).text)
            start = index
        }
        if start < scalars.count { lines.append(JinjaString(scalars[start...]).text) }
        return lines
    }

    func replacing(_ old: String, with new: String, limit: Int = -1) -> String {
        var result: [Unicode.Scalar] = []
        var (start, count) = (0, 0)
        while count != limit, let range = range(of: old, from: start) {
            result += scalars[start..<range.lowerBound]
            result += new.unicodeScalars
            start = range.upperBound
            count += 1
            guard old.isEmpty else { continue }
            // Between all characters.
            guard start < scalars.count else { return JinjaString(result).text }
            result.append(scalars[start])
            start += 1
        }
        return JinjaString(result + scalars[start...]).text
    }

    // MARK: Letters

    var uppercased: String { scalars.map(\.properties.uppercaseMapping).joined() }
    var lowercased: String { text.lowercased() }

    var capitalized: String {
        guard let first = scalars.first else { return "" }
        return first.properties.titlecaseMapping + JinjaString(scalars.dropFirst()).lowercased
    }

    /// The first letter of each run of letters large.
    var titled: String {
        var (result, isInside) = ("", false)
        for scalar in scalars {
            let mapped =
                isInside
                ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            result += mapped
            isInside = scalar.properties.isCased
        }
        return result
    }

    /// Whether there are characters, and all of them are such.
    func isAll(_ test: (Unicode.Scalar) -> Bool) -> Bool {
        !scalars.isEmpty && scalars.allSatisfy(test)
    }

    var isLower: Bool {
        let cased = scalars.filter(\.properties.isCased)
        return !cased.isEmpty && cased.allSatisfy(\.properties.isLowercase)
    }

    var isUpper: Bool {
        let cased = scalars.filter(\.properties.isCased)
        return !cased.isEmpty && cased.allSatisfy { !$0.properties.isLowercase }
    }

    func padded(_ width: Int, with fill: String, left: Bool, right: Bool) -> String {
        let missing = max(0, width - scalars.count)
        // Python puts the odd one of `center` by whether the width is odd.
        let before =
            left && right ? missing / 2 + (missing & width & 1) : left ? missing : 0
        return String(repeating: fill, count: before) + text
            + String(repeating: fill, count: right ? missing - before : 0)
    }
}
