import Datasets
import Files
import JSON
import Runs
import Training

/// The files of a run.
extension FuzzTarget {
    static let trainerState = FuzzTarget(
        name: "trainer_state", file: TrainerState.fileName,
        prepare: { folder in
            let state = TrainerState(step: 200, updateCount: 199, laneCount: 8)
            try write(Array(state.json.text(isPretty: true).utf8), folder, TrainerState.fileName)
            return []
        },
        read: { folder in
            let state = try CheckpointReader.state(in: folder)
            // What a resumed run computes first.
            var train = TrainOptions()
            train.globalBatchSize = 24
            train.steps = 300
            try train.validate(lanes: state.laneCount, named: "lanes")
            let sampler = try WindowSampler(
                tokenCount: 1000, sequenceLength: 16, globalBatchSize: 24, seed: 1,
                order: .shuffled)
            _ = sampler.windows(step: state.step, sequences: 0..<24)
        })

    static let metrics = FuzzTarget(
        name: "metrics", file: "metrics.jsonl",
        prepare: { folder in
            let steps = (1...5).map { step in
                JSONValue.object([
                    "kind": "train", "step": .integer(step), "tokens": .integer(step * 100),
                    "loss": .number(2.5), "learning_rate": .number(1e-3),
                    "gradient_norm": .number(0.7), "seconds": .object(["total": .number(0.5)]),
                ]).text()
            }
            let lines = steps + [MetricsRecord.event(step: 5, "saved").line]
            try write(Array((lines.joined(separator: "\n") + "\n").utf8), folder, "metrics.jsonl")
            return []
        },
        read: { folder in
            let recorded = Result { try RecordedStep(step: 4, in: folder + "/metrics.jsonl") }
            _ = try MetricsFile(at: folder + "/metrics.jsonl", lastStep: 3)
            _ = try recorded.get()
        })

    static let recipe = FuzzTarget(
        name: "recipe", file: "recipe.yaml",
        prepare: { folder in
            try write(Array(recipeText.utf8), folder, "recipe.yaml")
            let resolved = try Recipe.load(path: folder + "/recipe.yaml").resolvedYAML
            return [Array(resolved.utf8)]
        },
        read: { folder in
            var recipe = try Recipe.load(path: folder + "/recipe.yaml")
            let text = recipe.resolvedYAML
            // Where a recipe was found is not among its keys.
            recipe.storedRun = nil
            let again = try Recipe(decoding: RecipeFile(name: "resolved", text: text))
            precondition(again == recipe, "a resolved recipe reads back as another one")
            let configuration = try recipe.model.configuration(tokenizerVocabularySize: 1)
            _ = configuration.summary
            _ = try recipe.train.stepCount(windowCount: 1000)
        })

    private static let recipeText = """
        # A comment.
        name: tiny
        seed: 7
        phases: [prepare, pretrain, evaluate, generate]
        prepare: {input: [a.txt, 'b.txt'], validation_fraction: 0.1}
        model:
          layer_count: 2
          head_count: &heads 2
          embedding_size: 16
          context_length: 16
          dropout_rate: 0.1
        train: {global_batch_size: 24, micro_batch_size: *heads, steps: 20, lanes: 8}
        optimizer:
          learning_rate: 1.0e-2
          warmup_steps: 3
        evaluate: {every_steps: 5, batches: 2}
        generate:
          prompt: "To be\\n"

        """
}
