import Datasets
import Diagnostics
import Foundation
import JSON
import ModelFiles
import Monitoring
import Training

/// What was trained on what, in the order in which one asks.
struct RunFacts {
    let recipe: Recipe?
    let checkpoint: ReportedCheckpoint?
    let run: String

    private typealias Fact = ReportContent.Fact

    var facts: [ReportContent.Fact] {
        let parts = [model, start, recipe.map(data) ?? [], recipe.map(course) ?? [], provenance]
        return parts.flatMap { $0 } + [Fact("run directory", run)]
    }

    private var model: [Fact] {
        guard let checkpoint else { return [Fact("model", "no complete checkpoint yet")] }
        guard let model = checkpoint.model else {
            return [Fact("model", checkpoint.isAdapter ? "a LoRA adapter" : "not readable")]
        }
        return [
            Fact("model", model.summary),
            Fact("parameters", Quantity.parameters(checkpoint.parameterCount)),
        ]
    }

    private var start: [Fact] {
        guard let recipe else { return [] }
        return [Fact("trained from", recipe.initial.from ?? "random weights")]
    }

    private func data(_ recipe: Recipe) -> [Fact] {
        var facts: [Fact] = []
        if recipe.phases == [.finetune] {
            facts.append(Fact("task", "\(recipe.finetune.task)"))
            facts.append(Fact("examples", recipe.finetune.data.joined(separator: ", ")))
        } else if !recipe.data.sources.isEmpty {
            facts += recipe.data.sources.map { source in
                let share = source.tokens.map { "\($0) tokens" } ?? "weight \(source.weight ?? 1)"
                return Fact("text, \(share)", shards(source.path, .train))
            }
        } else if let train = recipe.data.train {
            facts.append(Fact("text", shards(train, .train)))
            if let validation = recipe.data.validation {
                facts.append(Fact("held out", shards(validation, .validation)))
            }
        }
        facts += corpora
        if let tokenizer = checkpoint?.tokenizer {
            facts.append(
                Fact(
                    "tokenizer",
                    "\(tokenizer.kind.rawValue), \(Quantity.count(tokenizer.vocabularySize, "token"))"
                ))
        }
        return facts
    }

    /// The cleaned corpora that the text comes from, as the checkpoint tells of them.
    private var corpora: [Fact] {
        guard let path = checkpoint?.path,
            let text = try? ModelDirectory.provenance(in: path),
            let json = try? JSONValue(parsing: Array(text.utf8), at: path)
        else { return [] }
        return (json["corpora"]?.array ?? []).map { corpus in
            func documents(_ key: String) -> Int { corpus[key]?["documents"]?.integer ?? 0 }
            return Fact(
                "corpus",
                "\(documents("kept")) documents of \(documents("read")) in "
                    + "\(Quantity.count(corpus["source_count"]?.integer ?? 0, "file")), "
                    + "digest \(corpus["digest"]?.string ?? "")")
        }
    }

    /// A path, and what lies there now.
    private func shards(_ path: String, _ split: DatasetSplit) -> String {
        if recipe?.data.placement == .local { return "\(path), of which each host has a part" }
        guard let stream = try? TokenStream(resolving: path, split: split) else {
            return "\(path) (no longer there)"
        }
        let tokens = stream.shardFacts.reduce(0) { $0 + $1.tokenCount }
        let sources = Set(stream.shardFacts.map(\.sourceSHA256)).sorted()
        let hash = sources.count == 1 ? ", SHA-256 of the text \(sources[0])" : ""
        return "\(path): \(Quantity.count(tokens, "token")), "
            + "\(Quantity.count(stream.documentCount, "document"))\(hash)"
    }

    private func course(_ recipe: Recipe) -> [Fact] {
        let (train, optimizer) = (recipe.train, recipe.optimizer)
        let length = train.sequenceLength.map { " of \($0) tokens" } ?? ""
        return [
            Fact("a step", "\(Quantity.count(train.globalBatchSize, "sequence"))\(length)"),
            Fact(
                "learning rate",
                "\(optimizer.learningRate), \(optimizer.course.rawValue), "
                    + "\(Quantity.count(optimizer.warmupSteps, "step")) of warm-up"),
            Fact("precision", train.precision.rawValue),
            Fact("seed", "\(recipe.seed)"),
        ]
    }

    private var provenance: [Fact] {
        guard let checkpoint else { return [] }
        let state = checkpoint.state
        return [
            Fact("checkpoint", checkpoint.path + (state.map { ", of step \($0.step)" } ?? "")),
            state.map { Fact("lanes", "\($0.laneCount): the same bits on up to as many ranks") },
            (state?.kernels).map { Fact("computed by", $0) },
        ].compactMap { $0 }
    }
}
