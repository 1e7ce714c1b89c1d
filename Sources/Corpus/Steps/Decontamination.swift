import Diagnostics
import Files
import JSON

/// Drops or cuts documents that share a run of words with an evaluation, and names the question.
package final class Decontamination: CleaningStep {
    private let options: DecontaminateOptions
    private let simplified = SimplifiedText()
    private let power: UInt64
    /// The question of each run of words.
    private var questions: [UInt64: Int] = [:]
    private var names: [String] = []
    private var hitCounts: [String: Int] = [:]
    private var cutCount = 0

    /// The characters that go on either side of what is cut. Source: the janitor of lm-eval.
    private static let margin = 200

    package init(_ options: DecontaminateOptions) throws {
        self.options = options
        power = (0..<options.ngram).reduce(1) { power, _ in power &* TextHash.base }
        for path in options.files { try add(path) }
    }

    package func takeCounts() -> [String: Int] {
        defer { (hitCounts, cutCount) = ([:], 0) }
        var counts = hitCounts
        if cutCount > 0 { counts["cut_contaminations"] = cutCount }
        return counts
    }

    // MARK: Questions

    private func add(_ path: String) throws {
        let count = questions.count
        for (place, texts) in try Self.texts(of: path) {
            let name = "\(path), \(place)"
            for text in texts {
                for run in runs(of: text) where questions[run.hash] == nil {
                    questions[run.hash] = names.count
                }
            }
            names.append(name)
        }
        guard questions.count > count else {
            throw Failure(
                "an evaluation file has nothing to compare",
                expected: "texts of at least \(options.ngram) words", got: "none", at: path,
                remedy: "leave it out, or lower ngram", kind: .usage)
        }
    }

    /// All strings of each record; of a plain text each line.
    private static func texts(of path: String) throws -> [(place: String, texts: [[UInt8]])] {
        let bytes = try FileReader.bytes(of: path, what: "cannot open the evaluation file")
        if let format = FileFormat(of: bytes) {
            throw format.failure("cannot read the evaluation file", at: path)
        }
        let first = bytes.first { $0 > 0x20 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            return try JSONRecord.parse(bytes, at: path).map { ($0.place, strings(in: $0.value)) }
        }
        return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().map {
            ("line \($0.offset + 1)", [Array(String(decoding: $0.element, as: UTF8.self).utf8)])
        }
    }

    private static func strings(in value: JSONValue) -> [[UInt8]] {
        switch value {
        case .bytes(let bytes): [bytes]
        case .array(let values): values.flatMap(strings)
        case .members(let members): members.flatMap { strings(in: $0.value) }
        default: []
        }
    }

    // MARK: Documents

    private typealias Run = (hash: UInt64, start: Int, end: Int)

    /// The runs of words, and the places between which they lie.
    private func runs(of text: [UInt8]) -> [Run] {
        var (runs, words, ends): ([Run], [UInt64], [Int]) = ([], [], [0])
        var hash: UInt64 = 0
        let size = options.ngram
        text.withUnsafeBufferPointer { text in
            simplified.forEachWord(of: text) { word, end in
                words.append(word)
                ends.append(end)
                hash = hash &* TextHash.base &+ word
                if words.count > size { hash = hash &- words[words.count - 1 - size] &* power }
                guard words.count >= size else { return }
                runs.append((TextHash.mixed(hash), ends[words.count - size], end))
            }
        }
        return runs
    }

    package func apply(to document: inout Document) -> String? {
        let hits = runs(of: document.text).filter { questions[$0.hash] != nil }
        guard let first = hits.first, let question = questions[first.hash] else { return nil }
        document.set("contaminated_by", .string(names[question]))
        hitCounts["contaminated_by \(names[question])", default: 0] += 1
        guard options.action == .cut else { return "contaminated" }
        cutCount += 1
        let kept = Self.kept(document.text, without: hits)
        guard kept.count >= Self.margin else { return "contaminated" }
        document.text = kept
        return nil
    }

    /// The parts of the text away from the hits, those too short left out.
    private static func kept(_ text: [UInt8], without hits: [Run]) -> [UInt8] {
        var (parts, start): ([ArraySlice<UInt8>], Int) = ([], 0)
        for hit in hits {
            let end = border(text, hit.start - margin)
            if end - start >= margin { parts.append(text[start..<end]) }
            start = max(start, border(text, hit.end + margin))
        }
        if text.count - start >= margin { parts.append(text[start...]) }
        return Array(parts.joined(separator: [0x0A, 0x0A]))
    }

    /// The nearest place at or before another at which a character begins.
    private static func border(_ text: [UInt8], _ place: Int) -> Int {
        var place = min(max(0, place), text.count)
        while place > 0, place < text.count, text[place] & 0xC0 == 0x80 { place -= 1 }
        return place
    }
}
