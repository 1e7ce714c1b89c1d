import ArgumentParser
import Diagnostics
import Options

/// A mistyped command is answered with the nearest one.
enum UnknownCommand {
    /// Throws a usage `Failure` where the arguments, behind `help` too, start with a word that names no
    /// command.
    static func refuse(_ arguments: [String]) throws {
        var parent: any ParsableCommand.Type = SwiftLLMTrain.self
        for argument in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
            let commands = parent.configuration.subcommands
            guard !commands.isEmpty, !argument.hasPrefix("-") else { return }
            guard let command = commands.first(where: { name(of: $0) == argument }) else {
                throw failure(argument, among: commands.map(name))
            }
            parent = command
        }
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? ""
    }

    private static func failure(_ argument: String, among names: [String]) -> Failure {
        Failure(
            "unknown command \(argument)",
            expected: "one of \(names.joined(separator: ", "))",
            remedy: meant(by: argument, among: names).map { "did you mean \($0)?" } ?? "see --help",
            kind: .usage)
    }

    /// Words of other programs for what commands of this one do.
    private static let otherWords = [
        "train": "pretrain", "training": "pretrain", "fit": "pretrain", "tune": "finetune",
        "fine-tune": "finetune", "finetuning": "finetune", "sft": "finetune", "lora": "finetune",
        "eval": "evaluate",
        "test": "evaluate", "validate": "evaluate", "sample": "generate", "infer": "generate",
        "inference": "generate", "complete": "generate", "predict": "classify",
        "tokenize": "tokenizer", "tokenise": "tokenizer", "encode": "tokenizer",
        "decode": "tokenizer", "preprocess": "prepare", "convert": "export", "benchmark": "bench",
        "resume": "run", "quickstart": "run", "info": "inspect", "show": "inspect",
        "check": "doctor", "talk": "chat",
    ]

    /// The one command that the word begins, or that it names in another way, with few slips; nil where
    /// there is none.
    private static func meant(by word: String, among names: [String]) -> String? {
        let word = word.lowercased()
        let longer = names.filter { $0.hasPrefix(word) && word.count >= 2 }
        if longer.count == 1 { return longer[0] }
        let others = otherWords.filter { names.contains($0.value) }
        let nearest = NearestName.nearest(to: word, in: names + others.keys.sorted())
        return nearest.map { others[$0] ?? $0 }
    }
}
