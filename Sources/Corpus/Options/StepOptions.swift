import Diagnostics
import Options

/// A step of the pipeline as a recipe spells it: `{kind: language, keep: [en]}`, or its kind alone.
package struct StepOptions: OptionType, Sendable {
    package var kind: StepKind
    /// The values of its other keys.
    package var values: [OptionValue.Member]

    package init(_ kind: StepKind, _ values: [OptionValue.Member] = []) {
        self.kind = kind
        self.values = values
    }

    package init?(_ value: OptionValue) {
        switch value {
        case .scalar(let text, _):
            guard let kind = StepKind(rawValue: text) else { return nil }
            self.init(kind)
        case .members(let members):
            guard let index = members.firstIndex(where: { $0.key == "kind" }),
                let kind = StepKind(members[index].value)
            else { return nil }
            var others = members
            others.remove(at: index)
            self.init(kind, others)
        case .list: return nil
        }
    }

    package var optionValue: OptionValue {
        let kind = kind.optionValue
        return values.isEmpty ? kind : .members([.init(key: "kind", value: kind)] + values)
    }

    package static var expectation: String {
        "a step such as {kind: length, minimum: 100}, whose kind is one of "
            + StepKind.allCases.map(\.rawValue).joined(separator: ", ")
    }
}

/// The kinds of steps.
package enum StepKind: String, OptionChoice {
    case url, text, language
    case gopherRepetition = "gopher_repetition"
    case gopherQuality = "gopher_quality"
    case c4, fineweb
    case bannedWords = "banned_words"
    case length, mask
    /// The place of the deduplication among the steps; otherwise it comes after them.
    case deduplicate
}

extension StepOptions {
    /// The step; nil for the place of the deduplication.
    ///
    /// - Throws: A usage `Failure` for an unknown key or a wrong value.
    package func step() throws -> (any CleaningStep)? {
        switch kind {
        case .url: try URLFilter(block())
        case .text: try TextForm(block())
        case .language: try LanguageFilter(block())
        case .gopherRepetition: try GopherRepetition(block())
        case .gopherQuality: try GopherQuality(block())
        case .c4: try C4Quality(block())
        case .fineweb: try FineWebQuality(block())
        case .bannedWords: try BannedWords(block())
        case .length: try LengthFilter(block())
        case .mask: try PersonalData(block())
        case .deduplicate: nil
        }
    }

    /// Checks the keys and values without opening any file.
    package func validate() throws {
        switch kind {
        case .url: _ = try block() as URLOptions
        case .text: _ = try block() as TextFormOptions
        case .language: _ = try block() as LanguageOptions
        case .gopherRepetition: _ = try block() as GopherRepetitionOptions
        case .gopherQuality: _ = try block() as GopherQualityOptions
        case .c4: _ = try block() as C4Options
        case .fineweb: _ = try block() as FineWebOptions
        case .bannedWords: _ = try block() as BannedWordsOptions
        case .length: _ = try block() as LengthOptions
        case .mask: _ = try block() as MaskOptions
        case .deduplicate:
            if let member = values.first { throw unknown(member.key, among: []) }
        }
    }

    private func block<Block: OptionBlock>() throws -> Block {
        var block = Block()
        for member in values {
            guard let field = Block.fields.first(where: { $0.key == member.key }) else {
                throw unknown(member.key, among: Block.fields.map(\.key))
            }
            guard field.write(&block, member.value) else {
                throw Failure(
                    FailureText("\(key: "corpus.steps"), kind \(kind.rawValue), \(member.key)"),
                    expected: field.expectation, got: member.value.quotedDescription, kind: .usage)
            }
        }
        return block
    }

    private func unknown(_ key: String, among keys: [String]) -> Failure {
        Failure(
            FailureText("unknown key \(key) in \(key: "corpus.steps"), kind \(kind.rawValue)"),
            expected: keys.isEmpty ? "no key but kind" : "one of " + keys.joined(separator: ", "),
            remedy: NearestName.nearest(to: key, in: keys).map { "did you mean \($0)?" },
            kind: .usage)
    }
}
