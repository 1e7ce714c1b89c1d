import Diagnostics

/// The templates that have a name.
extension ChatTemplate {
    package enum BuiltIn: String, CaseIterable, Sendable {
        /// `### Instruction:`, `### Input:` and `### Response:`. The wording is that of Stanford
        /// Alpaca for instructions without input, laid out as in S. Raschka, "Build a Large Language
        /// Model (From Scratch)", chapter 7, which keeps it where there is an input.
        case alpaca
        /// `<|im_start|>user` to `<|im_end|>`, as of OpenAI and Qwen.
        case chatml
        /// `[INST] ... [/INST]`, as of Llama 2 Chat.
        case llama2
        /// `<|start_header_id|>user<|end_header_id|>` to `<|eot_id|>`, as of Llama 3 Instruct.
        case llama3
        /// `<|user|>` and `<|assistant|>`, as of Zephyr and TinyLlama Chat.
        case zephyr
        /// `User:` and `Assistant:`, and no other marks: for models of any text.
        case plain
    }

    package static var names: [String] { BuiltIn.allCases.map(\.rawValue) }

    /// A template with the tokens of a tokenizer: texts begin as its texts begin for the model, and
    /// where the template has no mark of its own an answer ends with its end of text.
    ///
    /// - Throws: a usage `Failure` where the template needs an end of text and there is none.
    package init(_ builtIn: BuiltIn, for tokenizer: some Tokenizer) throws {
        let text = { (id: Int32?) in try id.map { try tokenizer.decode([$0]) } ?? "" }
        var pieces = builtIn.pieces(
            beginning: try text(tokenizer.beginningOfTextID), end: try text(tokenizer.endOfTextID))
        if builtIn != .llama2 { pieces.prefix = try text(tokenizer.beginningOfTextID) }
        do {
            try self.init(name: builtIn.rawValue, pieces: pieces)
        } catch var failure as Failure {
            failure.got = "a tokenizer without an end of text"
            failure.remedy = "use chatml, which has a mark of its own, or another tokenizer"
            throw failure
        }
    }
}

extension ChatTemplate.BuiltIn {
    fileprivate func pieces(beginning: String, end: String) -> ChatPieces {
        switch self {
        case .alpaca: alpaca(end: end)
        case .chatml:
            headed(("<|im_start|>", "\n"), end: "<|im_end|>", after: "\n")
        case .llama2: llama2(beginning: beginning, end: end)
        case .llama3:
            headed(("<|start_header_id|>", "<|end_header_id|>\n\n"), end: "<|eot_id|>", after: "")
        case .zephyr: headed(("<|", "|>\n"), end: end, after: "\n")
        case .plain: plain(end: end)
        }
    }

    private func alpaca(end: String) -> ChatPieces {
        var pieces = ChatPieces()
        pieces.defaultSystem =
            "Below is an instruction that describes a task. "
            + "Write a response that appropriately completes the request."
        pieces.userBegin = "\n\n### Instruction:\n"
        pieces.inputBegin = "\n\n### Input:\n"
        pieces.assistantBegin = "\n\n### Response:\n"
        pieces.answerEnd = end
        return pieces
    }

    /// A head with the role, the content, the end: for all roles the same.
    private func headed(
        _ head: (before: String, after: String), end: String, after: String
    ) -> ChatPieces {
        let begin = { (role: ChatRole) in head.before + role.rawValue + head.after }
        var pieces = ChatPieces()
        pieces.systemBegin = begin(.system)
        pieces.systemEnd = end + after
        pieces.userBegin = begin(.user)
        pieces.userEnd = end + after
        pieces.assistantBegin = begin(.assistant)
        pieces.answerEnd = end
        pieces.assistantEnd = after
        return pieces
    }

    /// The pieces of Llama 2: the system message is inside the first instruction, and every turn is
    /// a text of its own.
    private func llama2(beginning: String, end: String) -> ChatPieces {
        var pieces = ChatPieces()
        pieces.systemBegin = beginning + "[INST] <<SYS>>\n"
        pieces.systemEnd = "\n<</SYS>>\n\n"
        pieces.userBegin = beginning + "[INST] "
        pieces.userBeginAfterSystem = ""
        pieces.userEnd = " [/INST]"
        pieces.answerBegin = " "
        pieces.answerEnd = end.isEmpty ? "" : " " + end
        return pieces
    }

    private func plain(end: String) -> ChatPieces {
        var pieces = ChatPieces()
        pieces.systemEnd = "\n\n"
        pieces.userBegin = "User: "
        pieces.userEnd = "\n"
        pieces.assistantBegin = "Assistant:"
        pieces.answerBegin = " "
        pieces.answerEnd = end
        pieces.assistantEnd = "\n"
        return pieces
    }
}
