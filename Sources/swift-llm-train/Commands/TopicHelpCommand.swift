import ArgumentParser
import Diagnostics
import Runs
import Training

/// `help recipe` and `help metrics`: tables of what a recipe and the metrics of a run have.
struct TopicHelpCommand: FirstRankCommand {
    enum Topic: String, ExpressibleByArgument, CaseIterable {
        case recipe, metrics
    }

    static let configuration = CommandConfiguration(
        commandName: "help",
        abstract: "Prints all keys of a recipe, or what each metric of a run means.",
        usage: "swift-llm-train help recipe|metrics [--markdown]",
        discussion: """
            Of a recipe: values, defaults, and the phases that obey the keys. The default null is \
            none, or one that is derived from other keys or from the machine; RUN/recipe.yaml holds \
            what a run derived. Of metrics: what each is, and what it looks like where all goes well.

            Examples:
              swift-llm-train help recipe
              swift-llm-train help metrics --markdown
            """)

    @Argument(help: "What to explain.")
    var topic: Topic

    @Flag(name: .customLong("markdown"), help: "Print a table in Markdown.")
    var isMarkdown = false

    /// The command where the arguments ask for it; nil where they ask for something else.
    ///
    /// The help that ArgumentParser adds to every program knows commands alone.
    static func asked(by arguments: [String]) throws -> (any ParsableCommand)? {
        guard arguments.count > 1, arguments[0] == "help", Topic(rawValue: arguments[1]) != nil
        else {
            return nil
        }
        return try parseAsRoot(Array(arguments.dropFirst()))
    }

    func run() throws {
        switch topic {
        case .recipe: Console.line(isMarkdown ? RecipeTable.markdown : RecipeTable.text)
        case .metrics: Console.line(isMarkdown ? MetricGlossary.markdown : MetricGlossary.text)
        }
    }
}
