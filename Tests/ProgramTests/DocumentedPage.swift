import Foundation

/// The README, an article of the program, or the page of a target.
struct DocumentedPage {
    static let checkout = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// From the checkout on.
    let path: String
    let text: String

    init(_ path: String) throws {
        self.path = path
        text = try String(contentsOf: Self.checkout.appending(path: path), encoding: .utf8)
    }

    /// An article of the program.
    static func article(_ name: String) throws -> DocumentedPage {
        try DocumentedPage("Sources/swift-llm-train/swift-llm-train.docc/\(name).md")
    }

    static var all: [DocumentedPage] {
        get throws {
            let sources = checkout.appending(path: "Sources").path
            let paths = try FileManager.default.subpathsOfDirectory(atPath: sources)
                .filter { $0.hasSuffix(".md") }.sorted().map { "Sources/" + $0 }
            return try (["README.md"] + paths).map(DocumentedPage.init)
        }
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The indented lines, those that end in a backslash joined with the next, as words; without the
    /// file to which the output goes.
    var commands: [[String]] {
        text.replacing("\\\n", with: " ").split(separator: "\n")
            .filter { $0.hasPrefix("    ") && !$0.hasPrefix("     ") }
            .map { line in
                let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
                return Array(words.prefix { $0 != ">" })
            }
            .filter { !$0.isEmpty }
    }

    /// The arguments of the commands of this program, however it is started.
    var arguments: [[String]] { commands.compactMap(Self.arguments) }

    private static func arguments(of command: [String]) -> [String]? {
        var words = command[...]
        if words.first == "mpirun" { words = words.drop { $0 != "swift-llm-train" } }
        if words.first == "sbatch" { words = words.dropFirst() }
        switch words.first {
        case "swift-llm-train", "launch/local", "launch/slurm.sbatch":
            return Array(words.dropFirst())
        case "launch/cluster": return Array(words.dropFirst(2))
        case "Tests/Cluster/slow-links": return ["bench"] + words.dropFirst()
        default: return nil
        }
    }

    /// The words of the text that are paths of this checkout; TARGET stands for the name of one.
    var paths: Set<String> {
        let words = text.split { " \n`()[],;:'|".contains($0) }
        let folders = ["launch/", "hostfiles/", "Sources/", "Tests/"]
        return Set(
            words.filter { word in folders.contains { word.hasPrefix($0) } }
                .map { String($0.hasSuffix(".") ? $0.dropLast() : $0) }
                .filter { !$0.contains("TARGET") })
    }
}
