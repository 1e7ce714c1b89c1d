import Collectives
import Datasets
import Diagnostics
import Evaluation
import Files
import ModelFiles
import Models

/// What a reference says of all examples, in a file that is made where it is not there yet.
struct StoredReference {
    let path: String
    let model: ReferenceModel
    let examples: [TokenExample]
    /// Whether the products of the model are rounded, which gives other numbers.
    let roundsWeights: Bool

    /// The likelihoods of the two texts of each example, and whether they were there. Collective.
    ///
    /// - Parameter load: loads the model; collective.
    func sums(
        over communicator: any Communicator, _ load: () throws -> LanguageModel
    ) throws -> (sums: [[Double]], isRead: Bool) {
        let keys = try communicator.agree {
            (examples.sha256, try model.sha256(roundsWeights: roundsWeights))
        }
        let isThere = try communicator.agree { try DirectoryEntries.isThere(path) }
        let count = try communicator.allReduce([Int64(isThere ? 1 : 0)], .maximum)[0]
        if count > 0 {
            let file = try communicator.agree {
                try LikelihoodFile(
                    reading: path, count: examples.count, textCount: 2, ofExamples: keys.0,
                    by: keys.1)
            }
            return (file.sums, true)
        }
        let sums = try TextLikelihoods.sums(
            of: examples, textCount: 2, by: load(), over: communicator)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try LikelihoodFile(sums: sums, ofExamples: keys.0, by: keys.1).write(to: path)
        }
        return (sums, false)
    }
}

extension [TokenExample] {
    /// Of all tokens, targets and lengths.
    var sha256: String {
        var hash = FileHash()
        for example in self {
            for ids in [example.inputs, example.targets, example.lengths.map(Int32.init)] {
                hash.update(text: "\(ids.count) ")
                ids.withUnsafeBytes { hash.update($0) }
            }
        }
        return hash.finish().sha256
    }
}

extension ReferenceModel {
    /// Of the files that hold the weights, and of those of its base for an adapter.
    func sha256(roundsWeights: Bool) throws -> String {
        var hash = FileHash()
        hash.update(text: "\(roundsWeights ? "bf16" : "fp32") \(weights)")
        for file in try weightFiles {
            hash.update(text: " \(try FileHash.hash(ofFile: file).sha256)")
        }
        return hash.finish().sha256
    }

    /// The files that decide what the model computes.
    fileprivate var weightFiles: [String] {
        get throws {
            guard try DirectoryEntries.isFolder(path) else { return [path] }
            let own = try DirectoryEntries.tree(of: path).files.sorted().filter { name in
                ["config.json", "adapter_config.json"].contains(name)
                    || [".safetensors", ".bin", ".gguf"].contains { name.hasSuffix($0) }
                        && !name.hasPrefix("optimizer")
            }.map { "\(path)/\($0)" }
            guard try AdapterDirectory.exists(at: path) else { return own }
            let base = try AdapterDirectory(reading: path).basePath(base)
            return try own + ReferenceModel(path: base, base: nil).weightFiles
        }
    }
}
