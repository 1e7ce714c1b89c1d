import Foundation
import Testing

/// Every target has a page, and the README a line.
@Suite struct PageTests {
    /// The targets with Swift code, in the order of the README's tree.
    private static let targets = Result { try swiftTargets() }

    private static func swiftTargets() throws -> [String] {
        let files = FileManager.default
        let sources = DocumentedPage.checkout.appending(path: "Sources").path
        return try files.contentsOfDirectory(atPath: sources).filter { name in
            try files.subpathsOfDirectory(atPath: "\(sources)/\(name)")
                .contains { $0.hasSuffix(".swift") }
        }
    }

    @Test func everyTargetHasAPageWithAnExample() throws {
        let targets = try Self.targets.get()
        #expect(targets.count >= 20)
        for target in targets where target != "swift-llm-train" {
            let page = try DocumentedPage("Sources/\(target)/\(target).docc/\(target).md")
            #expect(page.text.hasPrefix("# ``\(target)``\n"))
            #expect(page.text.contains("```swift\nimport "), "\(target)")
            #expect(page.lines.contains("import \(target)"), "\(target)")
            #expect(page.text.contains("\n## Topics\n"), "\(target)")
        }
    }

    @Test func treeOfTheReadmeNamesEveryTarget() throws {
        let tree = try DocumentedPage("README.md").lines.drop { $0 != "## The tree" }
            .filter { $0.hasPrefix("      ") }.map { $0.split(separator: " ") }
        for target in try Self.targets.get() {
            #expect(tree.contains { $0.prefix(2).contains(target[...]) }, "\(target)")
        }
    }
}
