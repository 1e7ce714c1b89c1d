import Diagnostics
import JSON
import Testing
import Tokenizers

/// Chat templates, held against what transformers makes of their Jinja text.
@Suite struct ChatTemplateTests {
    /// Kept by Tests/Scripts/check_chat_templates.py.
    private struct Reference: Decodable, CustomTestStringConvertible {
        struct Conversation: Decodable {
            var messages: [Message]
            var text: String
            var prompt: String
            /// Of the text as a whole.
            var ids: [Int32]
        }

        struct Message: Decodable {
            var role: String
            var content: String
        }

        var tokenizer: String
        var template: String
        var jinja: String
        var conversations: [Conversation]

        var testDescription: String { "\(tokenizer), \(template)" }

        func load() throws -> (any Tokenizer, ChatTemplate) {
            let tokenizer = try TokenizerFile.load(Fixture.path("\(tokenizer).json"))
            return (tokenizer, try ChatTemplate.named(template, for: tokenizer))
        }
    }

    private static let references: [Reference] = {
        (try? Fixture.decode([Reference].self, from: "../chat/templates.json")) ?? []
    }()

    private func characters(_ text: String = "<|im_startend>usra\n hello") throws
        -> any Tokenizer
    {
        try CharacterTokenizer(text: text)
    }

    @Test func everyTemplateHasAReference() {
        #expect(Set(Self.references.map(\.template)) == Set(ChatTemplate.names))
        #expect(Set(Self.references.map(\.tokenizer)).count == 4)
    }

    @Test(arguments: references)
    private func textsAndIDsEqualThoseOfTransformers(_ reference: Reference) throws {
        let (tokenizer, template) = try reference.load()
        #expect(template.jinja == reference.jinja)
        for conversation in reference.conversations {
            let messages = try conversation.messages.map {
                ChatMessage(try #require(ChatRole(rawValue: $0.role)), $0.content)
            }
            let parts = try template.parts(of: messages)
            #expect(parts.map(\.text).joined() == conversation.text)
            #expect(try tokenizer.encode(parts).ids == conversation.ids)
            let prompt = try template.prompt(after: messages).map(\.text).joined()
            #expect(prompt == conversation.prompt)
        }
    }

    /// An answer with its end is one stretch; a prompt ends where the answer begins.
    @Test(arguments: references)
    private func promptsAreWhatStandsBeforeAnswers(_ reference: Reference) throws {
        let (tokenizer, template) = try reference.load()
        let question = [ChatMessage(.user, "Why?")]
        let prompt = try tokenizer.encode(template.prompt(after: question))
        let parts = try template.parts(of: question + [ChatMessage(.assistant, "So it is.")])
        let whole = try tokenizer.encode(parts)
        let answer = try #require(parts.first { $0.isAnswer })
        #expect(answer.text.hasSuffix("So it is." + template.answerEnd))
        #expect(parts.count(where: \.isAnswer) == 1)
        #expect(whole.ids.starts(with: prompt.ids))
        #expect(whole.isAnswer.firstIndex(of: true) == prompt.ids.count)
        // SentencePiece decodes the spaces that it puts before parts.
        let decoded = try tokenizer.decode(whole.ids).filter { $0 != " " }
        #expect(decoded == parts.map(\.text).joined().filter { $0 != " " })
    }

    @Test func marksThatAreTokensAreEncodedAsThese() throws {
        let llama = try TokenizerFile.load(Fixture.path("llama3-tokenizer.json"))
        let template = try ChatTemplate(.llama3, for: llama)
        let ids = try llama.encode(template.prompt(after: [ChatMessage(.user, "hi")])).ids
        #expect(ids.count { $0 == llama.beginningOfTextID } == 1)
        #expect(ids.first == llama.beginningOfTextID)
        let plain = try TokenizerFile.load(Fixture.path("bpe-tokenizer.json"))
        let text = try ChatTemplate(.llama3, for: plain).prompt(after: [ChatMessage(.user, "hi")])
        #expect(try plain.encode(text).ids.allSatisfy { $0 != plain.endOfTextID })
    }

    /// "<|im_end|>" is 10 characters here.
    @Test func marksThatAreNoTokensArePlainText() throws {
        let tokenizer = try characters("<|im_startend>usra\n hello")
        let template = try ChatTemplate(.chatml, for: tokenizer)
        let chat = try tokenizer.encode(
            template.parts(of: [ChatMessage(.user, "hello"), ChatMessage(.assistant, "he")]))
        #expect(chat.isAnswer.count(where: \.self) == 2 + 10)
    }

    @Test func aTemplateWithoutAnEndIsRefused() throws {
        let failure = try #require(throws: Failure.self) {
            try ChatTemplate(.alpaca, for: characters())
        }
        #expect(failure.what == "the chat template has no end")
        #expect(failure.remedy?.contains("chatml") == true)
        let json = #"{"name": "mine", "user_begin": "Q: ", "assistant_begin": "A: "}"#
        let custom = try #require(throws: Failure.self) {
            try ChatTemplate(json: JSONValue(parsing: Array(json.utf8), at: "t"), at: "t.json")
        }
        #expect(custom.what == "the chat template has no end")
        #expect(custom.place == "t.json")
        #expect(custom.kind == .usage)
    }

    @Test func aFileOfPiecesIsATemplate() throws {
        let json = ##"{"user_begin": "Q: ", "assistant_begin": "\nA:", "answer_end": "#\n"}"##
        try withFolder(["mine.json": Array(json.utf8)]) { folder in
            let template = try ChatTemplate.named("\(folder)/mine.json", for: try characters())
            let messages = [ChatMessage(.user, "1"), ChatMessage(.assistant, "2")]
            #expect(
                try template.parts(of: messages) == [
                    ChatPart("Q: 1\nA:", isAnswer: false), ChatPart("2#\n", isAnswer: true),
                ])
            #expect(throws: Failure.self) {
                try ChatTemplate.named("\(folder)/none.json", for: characters())
            }
        }
    }

    @Test(arguments: [
        ("[]", "an object of texts"), (#"{"answer_end": 1}"#, "a text as answer_end"),
        (#"{"answer_ende": "x"}"#, "only name"),
    ])
    func wrongPiecesAreNamed(json: String, expected: String) throws {
        let failure = try #require(throws: Failure.self) {
            try ChatTemplate(json: JSONValue(parsing: Array(json.utf8), at: "t"), at: "t")
        }
        #expect(failure.expected?.hasPrefix(expected) == true)
    }

    @Test func aConversationOfOddMessagesIsRefused() throws {
        let template = try ChatTemplate(.chatml, for: characters())
        #expect(throws: Failure.self) { try template.parts(of: []) }
        #expect(throws: Failure.self) {
            try template.parts(of: [ChatMessage(.user, "a"), ChatMessage(.system, "b")])
        }
    }
}

/// The template that a model directory keeps.
@Suite struct KeptChatTemplateTests {
    private func configuration(_ template: ChatTemplate?) throws -> String {
        let tokenizer = try TokenizerFile.load(Fixture.path("bpe-tokenizer.json"))
        let json = try tokenizer.tokenizerConfigJSON(maximumLength: 64, template: template)
        return String(decoding: json, as: UTF8.self)
    }

    private func alpaca() throws -> ChatTemplate {
        try ChatTemplate.named(
            "alpaca", for: TokenizerFile.load(Fixture.path("bpe-tokenizer.json")))
    }

    private func load(_ configuration: String, jinja: String? = nil) throws -> ChatTemplate? {
        var files = ["tokenizer_config.json": Array(configuration.utf8)]
        files["chat_template.jinja"] = jinja.map { Array($0.utf8) }
        var template: ChatTemplate?
        try withFolder(files) { template = try ChatTemplate.load(directory: $0) }
        return template
    }

    @Test func itReadsBackAsItWas() throws {
        let alpaca = try alpaca()
        #expect(try load(configuration(alpaca)) == alpaca)
        #expect(try load(configuration(nil)) == nil)
        #expect(try load("{}", jinja: nil) == nil)
        // As transformers saves the tokenizer again.
        let moved = try configuration(alpaca).replacing("\"chat_template\":", with: "\"moved\":")
        #expect(try load(moved, jinja: alpaca.jinja) == alpaca)
        try withFolder([:]) { folder in
            let none = try ChatTemplate.load(directory: folder)
            #expect(none == nil)
        }
    }

    @Test func aForeignTemplateIsTakenAsItIs() throws {
        let jinja =
            "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
        let configuration = JSONValue.object([
            "chat_template": .string(jinja), "eos_token": "</s>",
        ])
        let template = try #require(try load(configuration.text()))
        #expect(template.jinja == jinja && template.answerEnd == "</s>")
        // It goes out as it came in.
        let tokenizer = try TokenizerFile.load(Fixture.path("bpe-tokenizer.json"))
        let json = try tokenizer.tokenizerConfigJSON(maximumLength: 64, template: template)
        let kept = try #require(try load(String(decoding: json, as: UTF8.self)))
        #expect(kept.jinja == jinja && kept.answerEnd == "</s>")
        #expect(try load("{}", jinja: jinja)?.jinja == jinja)
    }

    @Test func aJinjaTextThatWasChangedIsTheTemplate() throws {
        let changed = try configuration(alpaca()).replacing("### Response", with: "### Answer")
        let template = try #require(
            try load(
                changed.replacing(
                    "\"assistant_begin\": \"\\n\\n### Answer",
                    with:
                        "\"assistant_begin\": \"\\n\\n### Response")))
        #expect(template.jinja.contains("### Answer"))
        #expect(try template != alpaca())
    }

    @Test func whatIsNoTemplateIsNamedWithItsLine() throws {
        let failure = try #require(throws: Failure.self) {
            try load(#"{"chat_template": "a\n{% if %}"}"#)
        }
        #expect(failure.place?.hasSuffix("tokenizer_config.json, its line 2") == true)
    }
}
