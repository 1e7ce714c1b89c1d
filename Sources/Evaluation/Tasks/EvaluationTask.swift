import Datasets
import Diagnostics

/// A task with its documents.
package struct EvaluationTask: Sendable {
    package let definition: TaskDefinition
    /// The documents that are asked, and the answered ones that are shown.
    package let documents: [TaskDocument]
    let examples: [TaskDocument]
    /// All files that were read.
    package let files: [String]

    /// Reads the documents.
    ///
    /// - Throws: `Failure` where the task names no files, and for what cannot be read.
    package init(reading definition: TaskDefinition) throws {
        let source = definition.source
        self.definition = definition
        guard let split = source.split, let files = source.files[split] else {
            throw Failure(
                "the task has no file for its \(source.split ?? "test") split",
                expected: "dataset_kwargs.data_files", got: source.dataset ?? "nothing",
                at: definition.name,
                remedy: "name a file: \(definition.name)=FILE", kind: .usage)
        }
        documents = try TaskFile.read(files, source.table)
        if let samples = definition.examples.documents {
            examples = samples
            self.files = files
        } else if let split = source.exampleSplit, let others = source.files[split] {
            examples = others == files ? documents : try TaskFile.read(others, source.table)
            self.files = others == files ? files : files + others
        } else {
            examples = []
            self.files = files
        }
    }

    package init(
        _ definition: TaskDefinition, documents: [TaskDocument], examples: [TaskDocument] = []
    ) {
        (self.definition, self.documents, self.examples) = (definition, documents, examples)
        files = []
    }
}

extension EvaluationTask {
    /// What the model is asked of each of the first `limit` documents: the texts whose likelihoods are
    /// wanted, or a context without a continuation after which it writes.
    package func prompts(shots: Int? = nil, limit: Int? = nil) throws -> [[TaskPair]] {
        var examples = try TaskShots(self, count: shots ?? definition.shots)
        let prompt = TaskPrompt(definition: definition)
        return try documents.prefix(limit ?? .max).map { document in
            let question = try TaskQuestion(document, definition.fields)
            let prefix = try prompt.prefix(of: document, examples: examples.next(before: document))
            guard definition.outputType == .generateUntil else {
                return try prompt.pairs(of: question, after: prefix)
            }
            let context = try prompt.context(of: question, after: prefix)
            return [TaskPair(context: context, continuation: "")]
        }
    }
}
