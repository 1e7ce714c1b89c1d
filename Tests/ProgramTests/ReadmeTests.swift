import Foundation
import Runs
import Testing
import Training
import swift_llm_train

/// The README and the articles promise nothing that the program does not take.
@Suite struct ReadmeTests {
    private static let pages = Result { try DocumentedPage.all }

    @Test func everyCommandParses() throws {
        let commands = try Self.pages.get().flatMap(\.arguments)
        #expect(commands.count >= 40)
        for arguments in commands {
            #expect(throws: Never.self, "\(arguments)") {
                _ = try SwiftLLMTrain.parsed(arguments)
            }
        }
    }

    @Test func everyOverrideSetsAKey() throws {
        let overrides = try Self.pages.get().flatMap(\.arguments).flatMap { arguments in
            zip([""] + arguments, arguments)
                .filter { $0.0 != "--adapter" && Recipe.Entry.isOverride($0.1) }.map(\.1)
        }
        #expect(overrides.count >= 10)
        for override in overrides {
            #expect(throws: Never.self, "\(override)") {
                var recipe = Recipe()
                try recipe.set(Recipe.Entry(override: override))
            }
        }
    }

    @Test func everyOptionOfAScriptIsInItsHelp() throws {
        // Those pass their arguments on to the program.
        let passing = ["launch/local", "launch/cluster", "Tests/Cluster/slow-links"]
        let commands = try Self.pages.get().flatMap(\.commands)
            .filter { $0[0].hasPrefix("launch/") || $0[0].hasPrefix("Tests/") }
            .filter { !passing.contains($0[0]) && $0[0].last != "/" }
        #expect(commands.count >= 8)
        for command in commands {
            let script = try DocumentedPage(command[0]).text
            for option in command.dropFirst() where option.hasPrefix("--") {
                #expect(script.contains(option), "\(command)")
            }
        }
    }

    @Test func everyFilterNamesTests() throws {
        let tests = try Self.sources(in: "Tests")
        for command in try Self.pages.get().flatMap(\.commands) where command[0] == "launch/test" {
            for (option, name) in zip(command, command.dropFirst()) where option == "--filter" {
                #expect(tests.contains(name), "\(command)")
            }
        }
    }

    @Test func everyFileThatAPageNamesIsThere() throws {
        let pages = try Self.pages.get()
        #expect(pages[0].paths.count >= 8)
        for page in pages {
            for path in page.paths {
                let place = DocumentedPage.checkout.appending(path: path).path
                #expect(FileManager.default.fileExists(atPath: place), "\(page.path): \(path)")
            }
        }
    }

    @Test func everyArticleThatAPageLinksToIsThere() throws {
        for page in try Self.pages.get() {
            for link in page.text.matches(of: /<doc:([^>]*)>/) {
                #expect(throws: Never.self, "\(page.path)") {
                    _ = try DocumentedPage.article(String(link.output.1))
                }
            }
        }
    }

    /// The names in the last column of the table of the article on reliability.
    @Test func everyPromiseNamesTestsThatAreThere() throws {
        let rows = try DocumentedPage.article("Reliability").lines
            .drop { !$0.hasPrefix("|---|---|---|") }.dropFirst().prefix { $0.hasPrefix("|") }
        #expect(rows.count >= 10)
        let tests = try Self.sources(in: "Tests")
        for row in rows {
            let cell = row.split(separator: "|").last ?? ""
            let names = cell.split { " ,`".contains($0) }
            #expect(!names.isEmpty, "\(row)")
            for name in names {
                let isThere = try tests.contains(Regex("func [A-Za-z0-9]*\(name)"))
                #expect(isThere, "\(name)")
            }
        }
    }

    private static func sources(in folder: String) throws -> String {
        let root = DocumentedPage.checkout.appending(path: folder).path
        return try FileManager.default.subpathsOfDirectory(atPath: root)
            .filter { $0.hasSuffix("Tests.swift") }
            .map { try String(contentsOfFile: root + "/" + $0, encoding: .utf8) }
            .joined()
    }

    /// After a change of a key: `swift-llm-train help recipe --markdown`.
    @Test func articleOnRecipesHoldsTheTableOfAllKeys() throws {
        let page = try DocumentedPage.article("Recipes")
        #expect(page.lines.filter { $0.hasPrefix("| `") || $0.hasPrefix("| key") }.count > 100)
        #expect(page.text.contains("\n\n" + RecipeTable.markdown + "\n"))
    }

    /// After a change of a metric: `swift-llm-train help metrics --markdown`.
    @Test func articleOnWatchingHoldsTheTableOfMetrics() throws {
        let page = try DocumentedPage.article("Watching")
        #expect(page.text.contains("\n\n" + MetricGlossary.markdown + "\n"))
    }

    @Test func readmeIsShort() throws {
        #expect(try DocumentedPage("README.md").lines.count <= 201)
    }

    /// `launch/pictures` makes them.
    @Test func picturesOfTheReadmeAreThereAndSmall() throws {
        let page = try DocumentedPage("README.md")
        let paths = page.lines.filter { $0.hasPrefix("![") }.compactMap { line in
            line.split(separator: "(").last?.dropLast()
        }
        #expect(paths.count == 3)
        for path in paths {
            let bytes = try Data(contentsOf: DocumentedPage.checkout.appending(path: "\(path)"))
            #expect(bytes.count > 1000 && bytes.count < 150_000, "\(path)")
        }
    }

    @Test(arguments: [
        "quickstart", "own-text", "shakespeare-char", "gpt2-124m", "spam-classifier",
        "instructions", "lora", "dpo", "reward", "feedback", "grpo", "distill",
    ])
    func everyRecipeIsValid(name: String) throws {
        let path = DocumentedPage.checkout.appending(path: "launch/recipes/\(name).yaml").path
        let recipe = try Recipe.load(path: path)
        #expect(recipe.name == name)
    }

    @Test func quickStartsRecipeIsTheBuiltInOne() throws {
        let path = DocumentedPage.checkout.appending(path: "launch/recipes/quickstart.yaml").path
        let builtIn = try Recipe.load(.quickStart, overrides: ["prepare.input=stories.txt"])
        #expect(try Recipe.load(path: path) == builtIn)
    }
}
