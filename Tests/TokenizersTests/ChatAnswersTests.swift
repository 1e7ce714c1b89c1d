import Diagnostics
import JSON
import Testing
import Tokenizers

/// The answers in the texts of any template.
@Suite struct ChatAnswersTests {
    private func template(_ jinja: String, marks: Set<String> = []) throws -> ChatTemplate {
        try ChatTemplate(
            name: "t", jinja: jinja, tokens: ["bos_token": "<s>", "eos_token": "</s>"],
            marks: marks)
    }

    private func answers(_ template: ChatTemplate, _ messages: [ChatMessage]) throws -> [String] {
        let parts = try template.parts(of: messages)
        let text = try template.text(of: messages.map(\.json), date: .ofExamples)
        #expect(parts.map(\.text).joined() == text)
        return parts.filter(\.isAnswer).map(\.text)
    }

    private static let talk = [
        ChatMessage(.user, "one"), ChatMessage(.assistant, "two\n"), ChatMessage(.user, "three"),
        ChatMessage(.assistant, "one"),
    ]

    private static let chatML =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

    @Test func theEndIsTheFirstSpecialTokenBehindAnAnswer() throws {
        let plain = try template(Self.chatML)
        #expect(plain.answerEnd == "<|im_end|>" && plain.stops == ["<|im_end|>"])
        #expect(try answers(plain, Self.talk) == ["two\n<|im_end|>", "one<|im_end|>"])
        let more = try template(
            Self.chatML.replacing("<|im_end|>\n", with: "<|end|>\n<|turn|>"), marks: ["<|end|>"])
        #expect(more.answerEnd == "<|end|>")
        #expect(try answers(more, Self.talk) == ["two\n<|end|>", "one<|end|>"])
    }

    /// What stands only behind the last answer is not learnt, and the middle is found without it.
    @Test func anEndOfTextBehindTheLastAnswerIsLeftOut() throws {
        let phi = try template(
            "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>\n{% endfor %}"
                + "{% if add_generation_prompt %}<|assistant|>{% else %}</s>{% endif %}",
            marks: ["<|end|>"])
        #expect(try answers(phi, Self.talk) == ["two\n<|end|>", "one<|end|>"])
    }

    /// Thoughts of earlier turns are dropped, so no text of a beginning is one of the whole.
    @Test func thoughtsThatAreDroppedDoNotHideAnswers() throws {
        let qwen = try template(
            "{% for m in messages %}{% if m.role == 'user' %}[{{ m.content }}]{% else %}"
                + "<a>{{ m.content if loop.last else m.content.split('</think>')[-1] }}</a>"
                + "{% endif %}{% endfor %}{% if add_generation_prompt %}<a><think>{% endif %}")
        let talk = [
            ChatMessage(.user, "q"), ChatMessage(.assistant, "<think>hm</think>a"),
            ChatMessage(.user, "r"), ChatMessage(.assistant, "<think>so</think>b"),
        ]
        #expect(qwen.answerEnd == "</a>")
        #expect(try answers(qwen, talk) == ["a</a>", "so</think>b</a>"])
    }

    @Test func aConversationMayBeginWithAnAnswer() throws {
        let begins = [ChatMessage(.assistant, "hi"), ChatMessage(.user, "no")]
        #expect(try answers(template(Self.chatML), begins) == ["hi<|im_end|>"])
        let strict = try template(
            "{{ messages[0].role }}: {% for m in messages %}({{ m.content }}){% endfor %}")
        #expect(try answers(strict, begins) == ["hi)"])
    }

    @Test func whatTheTemplateRefusesIsRefusedWithItsWords() throws {
        let strict = try template(
            Self.chatML + "{% if messages[0].role == 'assistant' %}"
                + "{{ raise_exception('the user begins') }}{% endif %}")
        let failure = try #require(throws: Failure.self) {
            try strict.parts(of: [ChatMessage(.assistant, "hi")])
        }
        #expect(failure.what.contains("the user begins"))
    }

    @Test func aTemplateWithoutAnEndCanBeTalkedToButNotLearnt() throws {
        let open = try template(
            "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}")
        #expect(open.stops.isEmpty)
        #expect(throws: Failure.self) { try open.requireEnd() }
    }

    /// The date of examples is always the same; a prompt has that of today.
    @Test func examplesDoNotDependOnTheDay() throws {
        let dated = try template("{{ strftime_now('%Y') }} " + Self.chatML)
        let parts = try dated.parts(of: Self.talk)
        #expect(parts.first?.text.hasPrefix("2024 ") == true)
        let prompt = try dated.prompt(after: [ChatMessage(.user, "a")])
        #expect(prompt.first?.text.hasPrefix("2024 ") == false)
    }

    @Test func severalTemplatesWithNamesMeanTheDefault() throws {
        let json = #"""
            {"eos_token": {"content": "</s>"}, "chat_template": [
              {"name": "tool_use", "template": "tools"},
              {"name": "default", "template": "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"}]}
            """#
        let template = try #require(
            try ChatTemplate(
                configuration: JSONValue(parsing: Array(json.utf8), at: "c"), at: "c"))
        #expect(template.answerEnd == "</s>")
        #expect(try answers(template, Self.talk) == ["two\n</s>", "one</s>"])
    }
}
