/// The words of a model of fastText, and the rows of words and of their parts.
package struct FastTextDictionary {
    private(set) var labels: [(name: String, count: Int)] = []
    private var words: [[UInt8]: Int] = [:]
    private var wordCount = 0
    private let options: FastTextOptions
    /// The rows of the parts that were kept when the model was made small; nil where all were.
    private var kept: [Int32: Int32]?

    private static let endOfLine = Array("</s>".utf8)
    private static let labelPrefix = Array("__label__".utf8)
    /// The tree of labels wants counts far below that of its open nodes.
    private static let labelCounts = 0...1_000_000_000_000

    package init(_ reader: inout FastTextReader, _ options: FastTextOptions) throws {
        self.options = options
        let size = try reader.count(Int32.self)
        wordCount = try reader.count(Int32.self)
        let labelCount = try reader.count(Int32.self)
        _ = try reader.integer(Int64.self)
        let keptCount = Int(try reader.integer(Int64.self))
        guard size == wordCount + labelCount else {
            throw reader.failure(expected: "\(wordCount + labelCount) entries", got: "\(size)")
        }
        for index in 0..<size {
            let name = try reader.name()
            let count = Int(try reader.integer(Int64.self))
            if try reader.integer(UInt8.self) == 0 {
                words[name] = index
            } else {
                guard Self.labelCounts.contains(count) else {
                    throw reader.failure(expected: "the count of a label", got: "\(count)")
                }
                let short = name.starts(with: Self.labelPrefix) ? name.dropFirst(9) : name[...]
                labels.append((String(decoding: short, as: UTF8.self), count))
            }
        }
        guard keptCount >= 0 else { return }
        var kept: [Int32: Int32] = [:]
        for _ in 0..<keptCount {
            let key = try reader.integer(Int32.self)
            kept[key] = try reader.integer(Int32.self)
        }
        self.kept = kept
    }

    /// The rows of a text, whose line ends are blanks, in order.
    package func rows(of text: UTF8Bytes) -> [Int] {
        var rows: [Int] = []
        var start = 0
        for index in 0...text.count {
            let isEnd = index == text.count || Self.isBlank(text[index])
            guard isEnd else { continue }
            if index > start { add(text[start..<index], to: &rows) }
            start = index + 1
        }
        if let row = words[Self.endOfLine] { rows.append(row) }
        return rows
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte) || byte == 0
    }

    private func add(_ token: Slice<UTF8Bytes>, to rows: inout [Int]) {
        let word = Array(token)
        let row = words[word]
        if let row { rows.append(row) }
        if row == nil, word.starts(with: Self.labelPrefix) { return }
        guard options.maximumPart > 0, word != Self.endOfLine else { return }
        addParts([0x3C] + word + [0x3E], to: &rows)
    }

    /// The rows of the parts of a word between "<" and ">".
    private func addParts(_ word: [UInt8], to rows: inout [Int]) {
        for start in word.indices where word[start] & 0xC0 != 0x80 {
            var (end, count, hash) = (start, 1, UInt32(2_166_136_261))
            while end < word.count, count <= options.maximumPart {
                repeat {
                    hash =
                        (hash ^ UInt32(bitPattern: Int32(Int8(bitPattern: word[end]))))
                        &* 16_777_619
                    end += 1
                } while end < word.count && word[end] & 0xC0 == 0x80
                let isBorder = count == 1 && (start == 0 || end == word.count)
                if count >= options.minimumPart, !isBorder { addPart(hash, to: &rows) }
                count += 1
            }
        }
    }

    private func addPart(_ hash: UInt32, to rows: inout [Int]) {
        let bucket = Int32(bitPattern: hash % UInt32(options.bucketCount))
        guard let kept else { return rows.append(wordCount + Int(bucket)) }
        if let row = kept[bucket] { rows.append(wordCount + Int(row)) }
    }
}

/// The arguments of the training of a model that decide how it is used.
package struct FastTextOptions {
    package let dimension: Int
    package let wordRun: Int
    package let loss: FastTextLoss
    package let bucketCount: Int
    package let minimumPart: Int
    package let maximumPart: Int
    package let isSupervised: Bool

    package init(_ reader: inout FastTextReader) throws {
        guard try reader.integer(Int32.self) == 793_712_314 else {
            throw reader.failure(expected: "a model of fastText", got: "another file")
        }
        let version = try reader.integer(Int32.self)
        guard version == 12 || version == 11 else {
            throw reader.failure(expected: "version 12 or 11", got: "\(version)")
        }
        dimension = try reader.count(Int32.self)
        guard dimension < 1 << 20 else {
            throw reader.failure(expected: "rows of a usual width", got: "\(dimension) columns")
        }
        for _ in 0..<4 { _ = try reader.integer(Int32.self) }
        wordRun = try reader.count(Int32.self)
        let code = try reader.integer(Int32.self)
        guard let loss = FastTextLoss(rawValue: code) else {
            throw reader.failure(expected: "a known loss", got: "\(code)")
        }
        self.loss = loss
        isSupervised = try reader.integer(Int32.self) == 3
        bucketCount = max(1, try reader.count(Int32.self))
        minimumPart = try reader.count(Int32.self)
        let maximum = try reader.count(Int32.self)
        // Models of that version have no parts, whatever they say.
        maximumPart = version == 11 && isSupervised ? 0 : maximum
        _ = try reader.integer(Int32.self)
        _ = try reader.integer(UInt64.self)
    }
}

package enum FastTextLoss: Int32 {
    case hierarchical = 1
    case negative, softmax, independent
}
