import ArgumentParser
import Diagnostics
import Runs

/// `help recipe`: the table of all keys of a recipe.
struct RecipeHelpCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "help recipe",
        abstract: "Prints all keys of a recipe: values, defaults, and the phases that obey them.",
        usage: "swift-llm-train help recipe [--markdown]",
        discussion: """
            The default null is none, or one that is derived from other keys or from the \
            machine; RUN/recipe.yaml holds what a run derived.

            Examples:
              swift-llm-train help recipe
              swift-llm-train help recipe --markdown
            """)

    @Flag(name: .customLong("markdown"), help: "Print a table in Markdown.")
    var isMarkdown = false

    /// The command where the arguments ask for it; nil where they ask for something else.
    ///
    /// The help that ArgumentParser adds to every program knows commands alone.
    static func asked(by arguments: [String]) throws -> (any ParsableCommand)? {
        guard arguments.starts(with: ["help", "recipe"]) else { return nil }
        return try parseAsRoot(Array(arguments.dropFirst(2)))
    }

    func run() throws {
        Console.line(isMarkdown ? RecipeTable.markdown : RecipeTable.text)
    }
}
