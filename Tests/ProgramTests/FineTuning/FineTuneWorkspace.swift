import DistributedRuns
import Foundation
import ModelFiles
import Testing

/// What fine-tuning starts from: a model of the corpus in `base`, conversations in chats.jsonl, texts of
/// two classes in texts.tsv, and tune.yaml, which names them.
extension Workspace {
    /// Six lanes of two sequences; six steps reach into the third epoch of the 32 examples.
    private static let tuneRecipe = """
        name: tuned
        seed: 7
        phases: [finetune]
        model: {dropout_rate: 0.1}
        finetune:
          from: base/checkpoints/latest
          data: [chats.jsonl]
          template: template.json
          validation_fraction: 0.2
          train: {global_batch_size: 12, micro_batch_size: 2, steps: 6, lanes: 6, threads_per_rank: 1}
          optimizer: {learning_rate: 1.0e-2, warmup_steps: 2}
          checkpoint: {every_steps: 2, keep_last: 0}
          evaluate: {every_steps: 2}
        lora: {rank: 2, alpha: 4, dropout: 0.1}

        """

    static let classification =
        "finetune.task=classification finetune.data=texts.tsv finetune.template=null "

    static func withBase() async throws -> Workspace {
        let workspace = try await prepared()
        try await workspace.pretrain("base", "train.steps=5 evaluate.every_steps=0")
        try workspace.writeExamples()
        return workspace
    }

    /// Forty of each, in the letters of the corpus.
    func writeExamples() throws {
        let words = ["king", "not", "love", "night", "sweet", "my", "lord"]
        let chats = (0..<40).map { index in
            let (asked, told) = (words[index % 7], words[index * 3 % 5])
            return #"{"instruction": "\#(asked)", "output": "\#(told)"}"#
        }
        try write(chats.joined(separator: "\n"), to: "chats.jsonl")
        let texts = (0..<40).map { index in
            index % 2 == 0
                ? "calm\tsweet \(words[index % 7])" : "wild\tDeath, \(words[index % 7])"
        }
        try write(texts.joined(separator: "\n"), to: "texts.tsv")
        try write(
            #"{"name": "tiny", "user_end": " ", "answer_end": "."}"#, to: "template.json")
        try write(Self.tuneRecipe, to: "tune.yaml")
    }

    /// Fine-tunes into `output`/finetune and returns what the run left.
    @discardableResult
    func finetune(
        _ output: String, _ arguments: String = "", ranks: Int? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> RunFiles {
        try await succeed(
            "finetune --config tune.yaml output=\(output) \(arguments)", ranks: ranks,
            sourceLocation: sourceLocation)
        return RunFiles(path: self("\(output)/finetune"))
    }

    /// The values of each tensor of a model directory.
    func tensors(_ directory: String) throws -> [String: [Float]] {
        let file = try SafetensorsFile(path: self("\(directory)/model.safetensors"))
        var tensors: [String: [Float]] = [:]
        for entry in file.entries {
            var values = [Float](repeating: .nan, count: entry.elementCount)
            try values.withUnsafeMutableBufferPointer {
                try file.readFloat32(entry.name, into: $0)
            }
            tensors[entry.name] = values
        }
        return tensors
    }

    /// The names of the tensors that differ between two model directories that share them.
    func changes(from old: String, to new: String) throws -> Set<String> {
        let before = try tensors(old)
        return Set(
            try tensors(new).filter { before[$0.key] != nil && before[$0.key] != $0.value }.keys)
    }
}
