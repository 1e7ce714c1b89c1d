import Diagnostics
import JSON
import Tokenizers

/// One record as preferences.
///
/// - Two answers under `chosen` and `rejected`: texts, messages, or lists of messages; what they answer as in
///   records of conversations, or, without it, what both begin with. Texts of the form `\n\nHuman: ...
///   \n\nAssistant: ...` are taken apart.
/// - An answer under `completion` (or another name of answers), and under `label` whether it is good.
/// - A rating of the chat page: messages, answers `a` and `b`, and `rating`: a, b, tie, or both_bad.
struct PreferenceRecord {
    let fields: RecordFields
    let place: String
    let columns: RecordColumns
    let inputBegin: String
    let mentions: (String) -> Bool
    let record: JSONValue
    /// The field of a pair that tells how much better the better answer is; nil for none.
    let marginField: String?

    private static let labelNames = ["label", "kto_tag"]

    private var conversation: ConversationRecord {
        ConversationRecord(
            fields: fields, place: place, columns: columns, inputBegin: inputBegin,
            mentions: mentions)
    }

    /// The preferences that it tells of; a tie tells of none.
    func preferences() throws(Failure) -> [Preference] {
        if fields.isThere("rating") { return try rating() }
        if fields.exists("chosen") || fields.exists("rejected") {
            var pair = try self.pair()
            pair.margin = try margin()
            return [pair]
        }
        if let label = Self.labelNames.first(where: fields.isThere) {
            return [try labelled(label)]
        }
        throw fields.failure(
            "chosen and rejected, or a completion and its label, or a rating of a and b",
            fields.names)
    }

    private func preference(
        _ prompt: [TemplateMessage], _ better: [TemplateMessage]?, _ worse: [TemplateMessage]?
    ) throws(Failure) -> Preference {
        guard !prompt.isEmpty else {
            throw fields.failure("something that is answered before the answer", "nothing")
        }
        return Preference(
            prompt: prompt.map(\.unlearnt), better: better, worse: worse,
            tools: try conversation.tools(), place: place, record: record)
    }

    // MARK: Pairs

    private func margin() throws(Failure) -> Double {
        guard let marginField else { return 0 }
        guard let margin = try fields.value(marginField)?.double else {
            throw fields.failure("a number as \(marginField)", fields.summary(of: marginField))
        }
        return margin
    }

    private func pair() throws(Failure) -> Preference {
        let (chosen, rejected) = (try messages("chosen"), try messages("rejected"))
        if isWhole(chosen) && isWhole(rejected) { return try shared(chosen, rejected) }
        if let prompt = try conversation.prompt() {
            return try preference(prompt, chosen, rejected)
        }
        let texts = [try fields.needed("chosen"), try fields.needed("rejected")]
        let talks = texts.map(Self.talk)
        if !talks.contains([]) { return try shared(talks[0], talks[1]) }
        let (prompt, answers) = Self.split(texts[0], texts[1])
        return try preference(
            prompt.isEmpty ? [] : [TemplateMessage(ChatMessage(.user, prompt))],
            [TemplateMessage(ChatMessage(.assistant, answers.0))],
            [TemplateMessage(ChatMessage(.assistant, answers.1))])
    }

    /// Whether messages begin before the answer.
    private func isWhole(_ messages: [TemplateMessage]) -> Bool {
        messages.first.map { $0.role != ChatRole.assistant.rawValue && $0.role != "tool" } ?? false
    }

    /// Whole conversations, whose common beginning is answered.
    private func shared(
        _ chosen: [TemplateMessage], _ rejected: [TemplateMessage]
    ) throws(Failure) -> Preference {
        let most = min(chosen.count, rejected.count) - 1
        let count =
            zip(chosen, rejected).prefix(max(0, most)).prefix { $0.json == $1.json }.count
        return try preference(
            Array(chosen.prefix(count)), Array(chosen.dropFirst(count)),
            Array(rejected.dropFirst(count)))
    }

    /// An answer: a text, a message, or a list of messages.
    private func messages(_ name: String) throws(Failure) -> [TemplateMessage] {
        if let value = try fields.value(name), value.members != nil {
            return try RecordedMessages(
                columns: columns, place: place, mentions: mentions, fields
            ).messages([value])
        }
        if try fields.value(name)?.array != nil { return try conversation.list(under: name) }
        return [TemplateMessage(ChatMessage(.assistant, try fields.needed(name)))]
    }

    // MARK: Texts without a prompt

    private static let speakers: [(mark: String, role: ChatRole)] = [
        ("\n\nHuman: ", .user), ("\n\nAssistant: ", .assistant),
    ]

    /// The messages of a text of the form `\n\nHuman: ... \n\nAssistant: ...`; empty for another one.
    private static func talk(_ text: String) -> [TemplateMessage] {
        guard text.hasPrefix(speakers[0].mark) else { return [] }
        var (rest, messages) = (text[...], [TemplateMessage]())
        while let speaker = speakers.first(where: { rest.hasPrefix($0.mark) }) {
            rest.removeFirst(speaker.mark.count)
            let end =
                speakers.compactMap { rest.firstRange(of: $0.mark)?.lowerBound }.min()
                ?? rest.endIndex
            messages.append(TemplateMessage(ChatMessage(speaker.role, String(rest[..<end]))))
            rest = rest[end...]
        }
        return messages
    }

    /// What two texts begin with, and how they go on; a space between the two goes with the latter.
    private static func split(_ first: String, _ second: String) -> (String, (String, String)) {
        let (a, b) = (Array(first.unicodeScalars), Array(second.unicodeScalars))
        var count = zip(a, b).prefix { $0 == $1 }.count
        if count > 0, a[count - 1] == " " { count -= 1 }
        func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
        return (text(a.prefix(count)), (text(a.dropFirst(count)), text(b.dropFirst(count))))
    }

    // MARK: Labels and ratings

    private func labelled(_ name: String) throws(Failure) -> Preference {
        guard let label = try fields.value(name), let isGood = Self.truth(label) else {
            throw fields.failure("true or false as \(name)", fields.summary(of: name))
        }
        let answers = columns.names(of: .output)
        if let answer = answers.first(where: fields.isThere) {
            let messages = try self.messages(answer)
            let prompt = try conversation.prompt() ?? []
            return try preference(prompt, isGood ? messages : nil, isGood ? nil : messages)
        }
        // A conversation whose last answer is labelled.
        let all = try conversation.prompt() ?? []
        guard all.last?.role == ChatRole.assistant.rawValue, var answer = all.last else {
            throw fields.failure("a field \(answers.joined(separator: ", "))", fields.names)
        }
        answer.isLearnt = true
        return try preference(all.dropLast(), isGood ? [answer] : nil, isGood ? nil : [answer])
    }

    private static func truth(_ value: JSONValue) -> Bool? {
        if let word = value.string?.lowercased() { return ["true": true, "false": false][word] }
        return value.boolean ?? value.integer.flatMap { [0: false, 1: true][$0] }
    }

    private func rating() throws(Failure) -> [Preference] {
        let prompt = try conversation.prompt() ?? []
        let (a, b) = (try rated("a"), try rated("b"))
        for name in ["id", "time"] { _ = try fields.value(name) }
        switch try fields.needed("rating") {
        case "a": return [try preference(prompt, a, b)]
        case "b": return [try preference(prompt, b, a)]
        case "both_bad": return [try preference(prompt, nil, a), try preference(prompt, nil, b)]
        case "tie": return []
        case let other: throw fields.failure("a, b, tie or both_bad as rating", "\"\(other)\"")
        }
    }

    private func rated(_ name: String) throws(Failure) -> [TemplateMessage] {
        let answer = try fields.value(name) ?? .null
        guard let text = answer["text"]?.string else {
            throw fields.failure("an answer with a text as \(name)", answer.summary)
        }
        return [TemplateMessage(ChatMessage(.assistant, text))]
    }
}
