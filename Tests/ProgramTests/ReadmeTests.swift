import Foundation
import Runs
import Testing
import swift_llm_train

/// The README promises nothing that the program does not take.
@Suite struct ReadmeTests {
    private static let checkout = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The indented lines, those that end in a backslash joined with the next.
    private static var commandLines: [String] {
        get throws {
            let text = try String(
                contentsOf: checkout.appending(path: "README.md"), encoding: .utf8)
            return text.replacing("\\\n", with: " ").split(separator: "\n")
                .filter { $0.hasPrefix("    ") && !$0.hasPrefix("     ") }
                .map { $0.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The arguments of a command line of this program, with or without mpirun.
    private static func arguments(of line: String) -> [String]? {
        var words = line.split(separator: " ").map(String.init)
        if words.first == "mpirun" { words.removeFirst(3) }
        guard let first = words.first else { return nil }
        if first == "launch/local" { return Array(words.dropFirst()) }
        return first == "swift-llm-train" ? Array(words.dropFirst()) : nil
    }

    @Test func everyCommandParses() throws {
        let commands = try Self.commandLines.compactMap(Self.arguments(of:))
        #expect(commands.count >= 8)
        for arguments in commands {
            #expect(throws: Never.self, "\(arguments)") {
                _ = try SwiftLLMTrain.parsed(arguments)
            }
        }
    }

    @Test func everyFileThatItNamesIsThere() throws {
        let words = try String(
            contentsOf: Self.checkout.appending(path: "README.md"), encoding: .utf8
        ).split { " \n`()[]'".contains($0) }
        let files = Set(words.filter { $0.hasPrefix("launch/") || $0.hasPrefix("hostfiles/") })
        #expect(files.count >= 8)
        for file in files {
            let path = Self.checkout.appending(path: String(file)).path
            #expect(FileManager.default.fileExists(atPath: path), "\(file)")
        }
    }

    /// The names in the last column of the table of the section on reliability.
    @Test func everyPromiseNamesTestsThatAreThere() throws {
        let rows = try String(
            contentsOf: Self.checkout.appending(path: "README.md"), encoding: .utf8
        ).split(separator: "\n").drop { $0 != "## Reliability" }
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
        let root = checkout.appending(path: folder).path
        return try FileManager.default.subpathsOfDirectory(atPath: root)
            .filter { $0.hasSuffix("Tests.swift") }
            .map { try String(contentsOfFile: root + "/" + $0, encoding: .utf8) }
            .joined()
    }

    @Test(arguments: [
        "quickstart", "own-text", "shakespeare-char", "gpt2-124m", "spam-classifier",
        "instructions", "lora",
    ])
    func everyRecipeIsValid(name: String) throws {
        let path = Self.checkout.appending(path: "launch/recipes/\(name).yaml").path
        let recipe = try Recipe.load(path: path)
        #expect(recipe.name == name)
    }

    @Test func quickStartsRecipeIsTheBuiltInOne() throws {
        let path = Self.checkout.appending(path: "launch/recipes/quickstart.yaml").path
        let builtIn = try Recipe.load(.quickStart, overrides: ["prepare.input=stories.txt"])
        #expect(try Recipe.load(path: path) == builtIn)
    }
}
