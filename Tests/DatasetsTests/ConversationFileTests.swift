import Datasets
import Diagnostics
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

@Suite struct ConversationFileTests {
    private func read(_ text: String, inputBegin: String = " / ") throws -> [Conversation] {
        let folder = try Scratch()
        try folder.write(Array(text.utf8), to: "f")
        return try ConversationFile(path: folder.path("f"), inputBegin: inputBegin)
            .conversations()
    }

    private func lines(_ conversations: [Conversation]) -> [String] {
        conversations.map { String($0.place.split(separator: "/").last ?? "") }
    }

    @Test(arguments: [
        #"{"instruction": "Add 1", "input": "2", "output": "3", "rejected": "4"}"#,
        #"{"messages": [{"role": "user", "content": "Add 1 / 2"}, "#
            + #"{"role": "assistant", "content": "3"}]}"#,
        #"{"id": 7, "conversations": [{"from": "human", "value": "Add 1 / 2"}, "#
            + #"{"from": "gpt", "value": "3"}]}"#,
    ])
    func formatsAreKnownByTheirFields(record: String) throws {
        let messages = [ChatMessage(.user, "Add 1 / 2"), ChatMessage(.assistant, "3")]
        for (text, places) in [
            ("[\(record),\n\n\(record)]", ["f, line 1", "f, line 3"]),
            ("\(record)\n\(record)\n", ["f, line 1", "f, line 2"]),
        ] {
            let conversations = try read(text)
            #expect(
                conversations.map { $0.messages.map(\.json) }
                    == [messages.map(\.json), messages.map(\.json)])
            #expect(lines(conversations) == places)
        }
    }

    @Test(arguments: [#""input": "", "#, #""input": null, "#, ""])
    func anInstructionWithoutInputStandsAlone(input: String) throws {
        let conversations = try read(#"{"instruction": "Go", \#(input)"output": "Gone"}"#)
        #expect(conversations[0].messages[0] == TemplateMessage(ChatMessage(.user, "Go")))
    }

    @Test func aSystemTextComesFirst() throws {
        let record = #"{"system": "Be brief", "instruction": "Go", "output": "Gone"}"#
        #expect(
            try read(record)[0].messages[0] == TemplateMessage(ChatMessage(.system, "Be brief")))
        let chat =
            #"{"system": "", "conversations": [{"from": "system", "value": "s"}, "#
            + #"{"from": "human", "value": "u"}, {"from": "gpt", "value": "a"}]}"#
        #expect(try read(chat)[0].messages.map(\.role) == ["system", "user", "assistant"])
    }

    private static let good = #"{"instruction": "a", "output": "b"}"#

    @Test(arguments: [
        (#"{"question": "a"}"#, "a field output, completion, response, answer"),
        (#"{"theme": "a"}"#, "an instruction and its output (prompt and completion"),
        ("7", "an instruction and its output"),
        (#"{"instruction": "a"}"#, "a field output"),
        (#"{"instruction": "a", "output": null}"#, "a text as output"),
        (#"{"instruction": "a", "output": 4}"#, "a text as output"),
        (#"{"instruction": "a", "instruction": "b", "output": "c"}"#, "one field instruction"),
        (#"{"instruction": "\ud83d", "output": "c"}"#, "text and numbers as instruction"),
        (#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#, "a field output, completion"),
        (#"{"instruction": 3, "output": "b"}"#, "a text as instruction"),
        (#"{"instruction": "a", "input": [], "output": "b"}"#, "a text as input"),
        (#"{"messages": []}"#, "a list of at least one message as messages"),
        (#"{"messages": {}}"#, "a list of at least one message as messages"),
        (#"{"messages": [{"role": "user"}]}"#, "a field content"),
        (#"{"messages": [{"content": "x"}]}"#, "a field role"),
        (#"{"messages": [3]}"#, "a field role"),
        (
            #"{"conversations": [{"from": "narrator", "value": "x"}]}"#,
            "from assistant, bot, chatgpt"
        ),
        (
            #"{"messages": [{"role": "assistant", "content": [{"type": "image", "url": "u"}]}]}"#,
            "parts of text as content"
        ),
        (
            #"{"messages": [{"role": "assistant", "content": "x", "weight": 0.5}]}"#,
            "0 or 1 as weight"
        ),
        (
            #"{"conversations": [{"from": "function_call", "value": "{}"}]}"#,
            "calls with the name of a function"
        ),
        (#"{"instruction": "a", "output": "b", "history": [["c"]]}"#, "pairs of two texts"),
    ])
    func aRecordWithoutItsFieldsIsNamedByItsLine(record: String, expected: String) throws {
        let failure = try #require(throws: Failure.self) {
            try read("\(Self.good)\n\(record)\n\(Self.good)")
        }
        #expect(failure.expected?.hasPrefix(expected) == true, "\(failure)")
        #expect(failure.place?.hasSuffix("/f, line 2") == true)
    }

    @Test func emptyAnswersAreListed() throws {
        let empty = #"{"instruction": "a", "output": " \n"}"#
        let one = try #require(throws: Failure.self) { try read("\(Self.good)\n\(empty)") }
        #expect(one.what == "there is nothing to learn from an empty answer")
        #expect(one.place?.hasSuffix("/f, line 2") == true)
        let many = Array(repeating: empty, count: 12).joined(separator: "\n")
        let failure = try #require(throws: Failure.self) { try read(many) }
        #expect(failure.got == "12 records without")
        #expect(failure.place?.hasSuffix("lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more") == true)
    }

    @Test func anElementOfOneLineIsNamedByItsNumber() throws {
        let broken = #"{"instruction": "a"}"#
        let list = Array(repeating: Self.good, count: 6)
        let failure = try #require(throws: Failure.self) {
            try read("[" + (list + [broken]).joined(separator: ", ") + "]")
        }
        #expect(failure.place?.hasSuffix("/f, line 1, element 7") == true, "\(failure)")
        let empty = #"{"instruction": "a", "output": ""}"#
        let failures = try #require(throws: Failure.self) {
            try read("[" + ([empty] + list + [empty]).joined(separator: ",") + "]")
        }
        #expect(failures.place?.hasSuffix("/f, elements 1, 8") == true)
        let cut = try #require(throws: Failure.self) {
            try read((list + [String(Self.good.dropLast())]).joined(separator: "\r\n") + "\r\n")
        }
        #expect(cut.place?.hasSuffix("/f, line 7") == true)
    }

    @Test func filesOfOtherFormatsAreNamed() throws {
        let folder = try Scratch()
        for (bytes, name) in [
            ([0x1F, 0x8B, 8, 0], "a gzip file"), ([0xFF, 0xFE, 0x5B, 0], "text in UTF-16"),
            ([0x5B, 0, 0x5D, 0], "text in UTF-16"), ([0x80, 4, 0x95], "a Python pickle"),
        ] as [([UInt8], String)] {
            try folder.write(bytes, to: "f")
            let failure = try #require(throws: Failure.self) {
                try ConversationFile(path: folder.path("f"), inputBegin: "").conversations()
            }
            #expect(failure.got == name)
        }
    }

    @Test func aFileWithoutRecordsIsRefused() {
        for text in ["", "[]", "\n"] {
            #expect(throws: Failure.self) { try read(text) }
        }
    }
}

/// Real instructions, read from the folder that SWIFT_LLM_DATA names.
@Suite(.enabled(if: realData != nil, "SWIFT_LLM_DATA is not set"))
struct RealInstructionTests {
    /// Tokens and labels as the `tokenizers` library counts them, prompt and answer apart.
    @Test(arguments: [
        ("instruction-data.json", 1100, 62_025, 14_439),
        ("alpaca_en_demo.json", 999, 202_295, 152_427),
    ])
    func theyAreEncodedAsByTheTokenizersLibrary(
        file: String, count: Int, tokenCount: Int, targetCount: Int
    ) throws {
        let folder = try #require(realData)
        let tokenizer = try TokenizerFile.load("\(folder)/tokenizers/gpt2")
        let template = try ChatTemplate(.alpaca, for: tokenizer)
        let conversations = try ConversationFile(
            path: "\(folder)/instruct/\(file)", inputBegin: template.inputBegin
        ).conversations()
        #expect(conversations.count == count)
        let set = try ExampleEncoder(
            tokenizer: tokenizer, template: template, sequenceLength: 1024
        ).encode(conversations)
        #expect(set.examples.count == count)
        #expect(set.endCount == count)
        #expect(set.examples.allSatisfy { $0.targets.last == 50_256 })
        #expect(set.tokenCount == tokenCount)
        #expect(set.targetCount == targetCount)
        // Chapter 7 of Raschka prints this text of the first example.
        guard file == "instruction-data.json" else { return }
        #expect(try set.text(of: 50, by: tokenizer).hasSuffix(Self.example50))
    }

    private static let example50 = """
        completes the request.

        ### Instruction:
        Identify the correct spelling of the following word.

        ### Input:
        Ocassion

        ### Response:
        ⟦The correct spelling is 'Occasion.'<|endoftext|>⟧
        """
}

private let realData = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]
