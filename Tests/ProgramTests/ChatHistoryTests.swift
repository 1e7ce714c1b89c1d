import Diagnostics
import Generation
import Testing
import Tokenizers
import swift_llm_train

@Suite struct ChatHistoryTests {
    private let tokenizer: CharacterTokenizer
    private var history: ChatHistory

    /// Letters are tokens; a turn of "a" and "b" has five.
    init() throws {
        tokenizer = try CharacterTokenizer(text: "QADabcdefghijkl.#")
        var pieces = ChatPieces()
        pieces.systemBegin = "D"
        pieces.userBegin = "Q"
        pieces.assistantBegin = "A"
        pieces.answerEnd = "."
        history = ChatHistory(
            template: try ChatTemplate(name: "t", pieces: pieces), tokenizer: tokenizer,
            system: "d")
    }

    private mutating func prompt(_ limit: Int) throws -> String {
        try tokenizer.decode(history.prompt(limit: limit).ids)
    }

    @Test mutating func theModelSeesAllThatFits() throws {
        history.append(.user, "a")
        #expect(try prompt(100) == "DdQaA")
        history.append(.assistant, "b")
        history.append(.user, "c")
        #expect(try prompt(10) == "DdQaAb.QcA")
        #expect(history.forgottenCount == 0)
    }

    @Test mutating func theOldestTurnsAreForgottenAndNotTheSystemMessage() throws {
        for text in ["a", "c", "e"] {
            history.append(.user, text)
            history.append(.assistant, "b")
        }
        history.append(.user, "g")
        #expect(try prompt(12) == "DdQeAb.QgA")
        #expect(history.forgottenCount == 2)
        // What is forgotten stays so.
        #expect(try prompt(100) == "DdQeAb.QgA")
        #expect(history.json["messages"]?.array?.count == 8)
        history.reset()
        history.append(.user, "a")
        #expect(try prompt(100) == "DdQaA")
        #expect(history.forgottenCount == 0)
    }

    @Test mutating func aLastMessageThatDoesNotFitLosesItsBeginning() throws {
        history.append(.user, "a")
        history.append(.assistant, "b")
        history.append(.user, "abcdefghijkl")
        let (ids, isCut) = try history.prompt(limit: 6)
        #expect(try tokenizer.decode(ids) == "hijklA")
        #expect(isCut)
    }

    @Test mutating func aMessageThatCannotBeEncodedIsTakenBack() throws {
        history.append(.user, "a")
        history.append(.assistant, "b")
        history.append(.user, "é")
        #expect(throws: Failure.self) { try history.prompt(limit: 100) }
        history.removeLast()
        history.append(.user, "c")
        #expect(try prompt(100) == "DdQaAb.QcA")
    }

    @Test(arguments: [
        ("hello there ", ChatInput.message("hello there")), ("", .nothing), (" \t", .nothing),
        (" /reset", .message("/reset")), ("/reset", .reset), ("/help", .help), ("/exit", .exit),
        ("/quit ", .exit), ("/save  a b.json ", .save(path: "a b.json")),
        ("/save", .save(path: "")),
        ("/sav x", .unknown("/sav")),
    ])
    func linesAreMessagesOrCommands(line: String, input: ChatInput) {
        #expect(ChatInput(line: line) == input)
    }
}
