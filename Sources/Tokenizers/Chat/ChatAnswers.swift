import Diagnostics
import JSON

/// Finds the answers in the text that any template makes of a conversation.
///
/// An answer begins where the text of the messages before it ends, with the beginning of an answer that
/// the template writes for generation; it ends behind its mark of the end, before the text of the next
/// message. Where a template writes the beginning of a conversation in another way once more follows
/// (thoughts that are dropped, an end of text behind the last answer), two other contents in its place
/// show where it stands. `{% generation %}` says it outright.
struct ChatAnswers {
    private let rendering: ChatRendering
    /// The text that ends an answer, and what comes between it and the next turn.
    private let end: [UInt8]
    private let after: [UInt8]

    init(_ rendering: ChatRendering, end: String, after: String) {
        self.rendering = rendering
        self.end = Array(end.utf8)
        self.after = Array(after.utf8)
    }

    /// The text of the conversation in stretches, of which neighbours differ in whether they are an
    /// answer that is to be learnt.
    ///
    /// - Parameter isLearnt: whether each message is to be learnt where it is an answer.
    func parts(of messages: [JSONValue], isLearnt: [Bool]) throws -> [ChatPart] {
        let whole = try rendering.rendering(of: messages)
        let text = Array(whole.text.utf8)
        let learnt = Self.answers(messages).map { isLearnt[$0] }
        var ranges =
            try whole.generated.isEmpty
            ? answers(in: text, of: messages) : whole.generated
        if learnt.contains(false) {
            guard ranges.count == learnt.count else { throw failure() }
            ranges = zip(ranges, learnt).filter(\.1).map(\.0)
        }
        var parts: [ChatPart] = []
        var place = 0
        for range in ranges {
            guard range.lowerBound >= place else { throw failure() }
            append(text[place..<range.lowerBound], isAnswer: false, to: &parts)
            append(text[range], isAnswer: true, to: &parts)
            place = range.upperBound
        }
        append(text[place...], isAnswer: false, to: &parts)
        return parts
    }

    private func append(_ bytes: ArraySlice<UInt8>, isAnswer: Bool, to parts: inout [ChatPart]) {
        guard !bytes.isEmpty else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        if let last = parts.indices.last, parts[last].isAnswer == isAnswer {
            parts[last].text += text
        } else {
            parts.append(ChatPart(text, isAnswer: isAnswer))
        }
    }

    private func failure() -> Failure {
        Failure(
            "the chat template does not show where the answers are",
            expected: "a text in which an answer stands between the messages around it",
            got: "one that changes as a whole", remedy: "name another template")
    }

    /// The numbers of the messages that are answers.
    private static func answers(_ messages: [JSONValue]) -> [Int] {
        messages.indices.filter {
            messages[$0]["role"]?.string == ChatRole.assistant.rawValue
        }
    }

    private func answers(
        in text: [UInt8], of messages: [JSONValue]
    ) throws -> [Range<Int>] {
        try Self.answers(messages).map { index in
            let probe = Probe(self, messages, index, text)
            let start = try start(probe)
            let end = try self.end(probe, from: start)
            guard start <= end else { throw failure() }
            return start..<end
        }
    }

    // MARK: Places

    /// One message of a conversation, and what the text would be with other contents in its place.
    private struct Probe {
        let text: [UInt8]
        /// The texts up to the message: with the beginning of an answer, and with the message itself.
        let before: [UInt8]?
        let through: [UInt8]?
        /// What stands around any content of the message; nil where the template refuses others.
        let around: (before: ArraySlice<UInt8>, after: ArraySlice<UInt8>)?

        init(_ answers: ChatAnswers, _ messages: [JSONValue], _ index: Int, _ text: [UInt8]) {
            self.text = text
            func rendered(_ messages: [JSONValue], isPrompt: Bool = false) -> [UInt8]? {
                (try? answers.rendering.text(of: messages, isPrompt: isPrompt)).map {
                    Array($0.utf8)
                }
            }
            func isStart(_ part: [UInt8]?) -> Bool { part.map { text.starts(with: $0) } ?? false }
            before = rendered(Array(messages[..<index]), isPrompt: true)
            through = rendered(Array(messages[...index]))
            guard !isStart(before) || !isStart(through) else {
                around = nil
                return
            }
            let others = ["A1", "B2"].map { content -> [UInt8]? in
                var messages = messages
                messages[index] = ChatMessage(.assistant, content).json
                return rendered(messages)
            }
            guard let a = others[0], let b = others[1] else {
                around = nil
                return
            }
            let start = zip(a, b).prefix { $0 == $1 }.count
            let end = zip(a[start...].reversed(), b[start...].reversed()).prefix { $0 == $1 }.count
            around = (a[..<start], a[(a.count - end)...])
        }
    }

    private func start(_ probe: Probe) throws -> Int {
        if let before = probe.before, probe.text.starts(with: before) { return before.count }
        if let before = probe.around?.before, probe.text.starts(with: before) {
            return before.count
        }
        guard let before = probe.before else { throw failure() }
        return wholeCharacters(zip(probe.text, before).prefix { $0 == $1 }.count, of: probe.text)
    }

    private func end(_ probe: Probe, from start: Int) throws -> Int {
        if let through = probe.through, probe.text.starts(with: through), through.count >= start {
            return end(ofAnswer: through[start...])
        }
        guard let after = probe.around?.after, after.count <= probe.text.count - start,
            probe.text.suffix(after.count).elementsEqual(after)
        else { throw failure() }
        let contentEnd = probe.text.count - after.count
        return contentEnd + (after.starts(with: end) ? end.count : 0)
    }

    /// The place behind the mark of the end, and before what comes between turns.
    private func end(ofAnswer text: ArraySlice<UInt8>) -> Int {
        if text.suffix(end.count + after.count).elementsEqual(end + after) {
            return text.endIndex - after.count
        }
        guard !end.isEmpty, end.count <= text.count else { return text.endIndex }
        for place in stride(
            from: text.endIndex - end.count, through: text.startIndex, by: -1)
        where text[place...].starts(with: end) {
            return place + end.count
        }
        return text.endIndex
    }

    /// The offset of the character in which a byte lies.
    private func wholeCharacters(_ count: Int, of text: [UInt8]) -> Int {
        var count = count
        while count > 0, count < text.count, text[count] & 0xC0 == 0x80 { count -= 1 }
        return count
    }
}
