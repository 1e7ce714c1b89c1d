import Files
import JSON

/// The README.md of a model directory, as hubs show it: what the model is, its data, recipe, evaluation
/// and licence.
package struct ModelCard {
    /// One line on the model.
    private let summary: String
    private let isClassifier: Bool
    private let license: String
    private let provenance: JSONValue?
    private let recipe: String?
    private let state: JSONValue?

    package static let fileName = "README.md"

    private static let maximumSize = 1 << 20

    /// - Parameters:
    ///   - directory: the checkpoint or other directory of which the model comes.
    ///   - isClassifier: whether the model tells classes apart instead of writing text.
    ///   - license: a name that hubs know, such as apache-2.0; "unknown" says that nobody stated one.
    package init(of directory: String, summary: String, isClassifier: Bool, license: String)
        throws
    {
        func text(_ name: String) throws -> [UInt8]? {
            let path = "\(directory)/\(name)"
            guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
            return try FileReader.bytes(of: path, maximumSize: Self.maximumSize)
        }
        func json(_ name: String) throws -> JSONValue? {
            try text(name).flatMap { try? JSONValue(parsing: $0, at: name) }
        }
        self.summary = summary
        self.isClassifier = isClassifier
        self.license = license
        provenance = try json(ModelDirectory.provenanceName)
        recipe = try text("recipe.yaml").map { String(decoding: $0, as: UTF8.self) }
        state = try json("trainer_state.json")
    }

    package var text: String {
        """
        ---
        library_name: transformers
        pipeline_tag: \(isClassifier ? "text-classification" : "text-generation")
        license: \(license)
        ---

        # Model card

        \(summary), trained by swift-llm-train.

        ## Data

        \(data)

        ## Recipe

        \(recipe.map { "```yaml\n\($0)```" } ?? "Not told by the model that was exported.")

        ## Evaluation

        \(evaluation)

        ## Licence

        \(licence)

        """
    }

    private var licence: String {
        license == "unknown"
            ? "Nobody has stated one. The texts of the training may have licences of their own."
            : "\(license). The texts of the training may have licences of their own."
    }

    private var evaluation: String {
        guard let loss = state?["validation_loss"]?.double else {
            return "No validation loss is told by the model that was exported."
        }
        let step = state?["step"]?.integer.map { " at step \($0)" } ?? ""
        return "Validation loss\(step): \(loss) nats a token."
    }

    private var data: String {
        let corpora = provenance?["corpora"]?.array ?? []
        guard !corpora.isEmpty else { return "Not told by the model that was exported." }
        return corpora.map(Self.described).joined(separator: "\n\n")
    }

    private static func described(_ corpus: JSONValue) -> String {
        func number(_ keys: String...) -> Int {
            var value: JSONValue? = corpus
            for key in keys { value = value?[key] }
            return value?.integer ?? 0
        }
        let dropped = (corpus["dropped"]?.members ?? []).map {
            "\(String(decoding: $0.key, as: UTF8.self)) \($0.value["documents"]?.integer ?? 0)"
        }
        let sources = (corpus["sources"]?.array ?? []).map {
            "| \($0["path"]?.string ?? "") | \($0["bytes"]?.integer ?? 0) | "
                + "\($0["sha256"]?.string ?? "") |"
        }
        let steps = corpus["options"]?["steps"]?.string ?? ""
        let lines = [
            "A corpus of \(number("kept", "documents")) documents (\(number("kept", "bytes")) bytes), "
                + "of \(number("read", "documents")) in \(number("source_count")) files; "
                + "its digest is \(corpus["digest"]?.string ?? "").",
            dropped.isEmpty ? "" : "Dropped: \(dropped.joined(separator: ", ")).",
            steps.isEmpty ? "" : "Steps: `\(steps)`.",
            sources.isEmpty
                ? ""
                : "| source | bytes | SHA-256 |\n|---|---|---|\n" + sources.joined(separator: "\n"),
        ]
        return lines.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}
