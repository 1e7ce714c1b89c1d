import ArgumentParser
import Diagnostics

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
        let nearest = NearestName.nearest(to: argument, in: names) ?? "help"
        return Failure(
            "unknown command \(argument)",
            expected: "one of \(names.joined(separator: ", "))",
            remedy: "did you mean \(nearest)?", kind: .usage)
    }
}
