import ArgumentParser
import Diagnostics
import JSON
import Options
import Runs

/// A mistyped option is answered with the nearest one of its command.
///
/// ArgumentParser would first complain of what is missing: for `--modle DIR` it reports that
/// --model is missing, and not why.
enum UnknownOption {
    /// Throws a usage `Failure` for the first option that the command does not know.
    static func refuse(_ arguments: [String]) throws {
        var (command, rest) = (try CommandTree.root(), arguments[...])
        while let subcommand = command.subcommands.first(where: { $0.name == rest.first }) {
            command = subcommand
            rest = rest.dropFirst()
        }
        var previous: String?
        for argument in rest.prefix(while: { $0 != "--" }) {
            let name = String(argument.prefix { $0 != "=" })
            if isOption(argument), !command.isKnown(name) {
                throw failure(name, argument, after: previous, of: command)
            }
            previous = argument
        }
    }

    /// Numbers below 0 are values; three dashes are between shells and ArgumentParser.
    private static func isOption(_ argument: String) -> Bool {
        let text = argument.drop { $0 == "-" }
        let dashCount = argument.count - text.count
        return dashCount == 2 || dashCount == 1 && text.first?.isLetter == true
    }

    private static func failure(
        _ name: String, _ argument: String, after previous: String?, of command: CommandTree
    ) -> Failure {
        Failure(
            "unknown option \(name)",
            remedy: remedy(name, argument, after: previous, of: command), kind: .usage)
    }

    private static func remedy(
        _ name: String, _ argument: String, after previous: String?, of command: CommandTree
    ) -> String {
        let word = bare(name)
        if Recipe.keys.contains(where: { $0.path == word }) {
            let value = argument.contains("=") ? argument.drop { $0 != "=" } : "=VALUE"
            return "keys of the recipe are written without dashes, as in \(word)\(value)"
        }
        // After an option that wants a value, one dash rather begins a text than an option.
        let isText = !name.hasPrefix("--") && previous.map(command.takesValue) == true
        if !isText, let nearest = nearest(to: name, in: command.options) {
            return "did you mean \(nearest)?"
        }
        if let previous, command.takesValue(previous) {
            return "if it is the value of \(previous), write \(previous)=\(argument)"
        }
        return "see --help"
    }

    /// A name whose beginning this is, or one that differs in at most half of its letters.
    private static func nearest(to name: String, in options: [String]) -> String? {
        let word = bare(name)
        let longer = options.filter { $0.hasPrefix(name) && word.count >= 2 }
        if longer.count == 1 { return longer[0] }
        guard let nearest = NearestName.nearest(to: word, in: options.map(bare)) else { return nil }
        let isNear =
            2 * NearestName.distance(word, nearest) <= max(word.count, nearest.count)
        return isNear ? options.first { bare($0) == nearest } : nil
    }

    private static func bare(_ name: String) -> String { String(name.drop { $0 == "-" }) }
}

/// The commands and their options, as ArgumentParser describes them to tools.
struct CommandTree {
    let name: String
    let subcommands: [CommandTree]
    /// The options with their dashes, in the order of the help.
    let options: [String]
    private let optionsWithValue: Set<String>

    /// Options that ArgumentParser gives to every program.
    private static let builtIn: Set<String> = [
        "--help", "-h", "-help", "--help-hidden", "-help-hidden", "--version",
        "--generate-completion-script", "--experimental-dump-help",
    ]

    static func root() throws -> CommandTree {
        let place = "the help of the program"
        let json = try JSONValue(parsing: Array(SwiftLLMTrain._dumpHelp().utf8), at: place)
        return CommandTree(json["command"] ?? .null)
    }

    private init(_ json: JSONValue) {
        name = json["commandName"]?.string ?? ""
        subcommands = (json["subcommands"]?.array ?? []).map(CommandTree.init)
        var options: [String] = []
        var optionsWithValue: Set<String> = []
        for argument in json["arguments"]?.array ?? [] {
            let names = (argument["names"]?.array ?? []).compactMap(Self.option)
            options += names
            if argument["kind"]?.string == "option" { optionsWithValue.formUnion(names) }
        }
        self.options = options
        self.optionsWithValue = optionsWithValue
    }

    func isKnown(_ option: String) -> Bool {
        options.contains(option) || Self.builtIn.contains(option)
    }

    func takesValue(_ option: String) -> Bool { optionsWithValue.contains(option) }

    private static func option(_ json: JSONValue) -> String? {
        json["name"]?.string.map { (json["kind"]?.string == "long" ? "--" : "-") + $0 }
    }
}
