import Collectives
import Datasets
import Diagnostics
import Evaluation
import Files
import Foundation
import JSON
import ModelFiles
import Signals
import Tokenizers
import Training

/// Carries out phases of a recipe, one after the other, on all ranks.
package struct PhaseRunner {
    package let communicator: any Communicator
    package let isResuming: Bool
    /// Whether a training ends a run that holds its directory by an owner's file.
    private let takesOver: Bool
    /// Whether the report of the run is made at the end, and its path told.
    package var makesReport = true

    package init(communicator: any Communicator, isResuming: Bool, takesOver: Bool = false) {
        self.communicator = communicator
        self.isResuming = isResuming
        self.takesOver = takesOver
    }

    /// The exit code of a run that was stopped on request after saving.
    package static let stoppedExitCode: Int32 = 75

    /// - Returns: the exit code.
    package func run(_ phases: [Recipe.Phase], of recipe: Recipe) throws -> Int32 {
        let code = try carryOut(phases, of: recipe)
        guard makesReport, communicator.rank == 0 else { return code }
        // Figures for programs, and texts, stay the last line of the output.
        let endsWithTraining =
            phases.last == .pretrain
            || phases.last == .finetune && recipe.finetune.task == .instructions
        for phase in phases where phase == .pretrain || phase == .finetune {
            for run in recipe.runs(of: phase) {
                RunReporter(ofRun: run).writeAtEnd().map { path in
                    Console.write(
                        "report: \(path)\n",
                        to: endsWithTraining ? .standardOutput : .standardError)
                }
            }
        }
        return code
    }

    private func carryOut(_ phases: [Recipe.Phase], of recipe: Recipe) throws -> Int32 {
        try recipe.rankInputs.requireEqual(
            over: communicator, "the ranks have different recipes",
            remedy: "start all ranks with the same arguments, and put the recipe on all hosts")
        if phases.contains(.evaluate) { try requireComparable(recipe) }
        for phase in phases {
            if phases.count > 1 { say("phase \(phase.rawValue)") }
            let ledger = PhaseLedger(recipe: recipe, phase: phase)
            // A phase that is asked for by its own command runs.
            let isDone =
                try isResuming && phases.count > 1
                && communicator.firstRankFinds { try ledger.isFinished() }
            if isDone {
                say("finished before, on the same inputs")
                continue
            }
            if try isStopRequested(before: phase) {
                say("stopped on request before the phase \(phase.rawValue); go on with --resume")
                return Self.stoppedExitCode
            }
            let tuning = phase == .finetune ? recipe.finetune.train : nil
            let compute = try ComputeResources.agree(
                threadsPerRank: tuning?.threadsPerRank ?? recipe.train.threadsPerRank,
                mayOversubscribe: tuning?.oversubscribe == true || recipe.train.oversubscribe,
                over: communicator)
            do {
                var recipe = recipe
                if isResuming && phases.count > 1, try beginAgain(ledger) {
                    recipe.storedRun = nil
                }
                guard try run(phase, recipe, compute, ledger) else { return Self.stoppedExitCode }
            } catch {
                if phases.count > 1 { sayHowToGoOn(after: phase) }
                throw error
            }
            try communicator.agree {
                if communicator.rank == 0 { try ledger.noteFinished() }
            }
        }
        return 0
    }

    /// Whether a signal that no training was there to answer has asked any rank to stop. A training
    /// sees for itself, and saves.
    private func isStopRequested(before phase: Recipe.Phase) throws -> Bool {
        guard phase != .pretrain && phase != .finetune else { return false }
        return try communicator.allReduce([StopRequest.isSignalled ? 1 : 0], .maximum)[0] != 0
    }

    /// Sets aside what was trained on other files, since it is not gone on from.
    ///
    /// - Returns: whether there was something; on the first rank.
    private func beginAgain(_ ledger: PhaseLedger) throws -> Bool {
        try communicator.agree {
            guard communicator.rank == 0 else { return false }
            let paths = try ledger.setOutdatedAside()
            for path in paths {
                say("its inputs changed: it begins again; the checkpoints so far are in \(path)")
            }
            return !paths.isEmpty
        }
    }

    /// - Returns: false where the phase was stopped on request.
    private func run(
        _ phase: Recipe.Phase, _ recipe: Recipe, _ compute: ComputeResources,
        _ ledger: PhaseLedger
    ) throws -> Bool {
        switch phase {
        case .corpus:
            try CorpusPhase(communicator: communicator).run(
                recipe, isResuming: isResuming, isReplacing: isResuming)
        case .prepare: try prepare(recipe, ledger)
        case .pretrain:
            let phase = TrainingPhase(
                isResuming: isResuming, takesOver: takesOver, compute: compute,
                communicator: communicator)
            let streams = try DataStreams.gathered(recipe.data, over: communicator)
            return try phase.run(recipe) { try PretrainingTask(recipe.training, streams) }
                == .finished
        case .evaluate: try evaluate(recipe, compute)
        case .finetune:
            return try FineTunePhase(
                isResuming: isResuming, takesOver: takesOver, compute: compute,
                communicator: communicator
            ).run(recipe) == .finished
        case .merge:
            try onFirstRank {
                try MergePhase(compute: compute, probe: recipe.merge.probe).run(
                    adapter: recipe.model(for: .merge), output: recipe.mergeOutput,
                    isReplacing: isResuming)
            }
        case .export:
            try onFirstRank {
                try ExportPhase(
                    format: recipe.export.format, type: recipe.export.type,
                    license: recipe.export.license
                ).run(
                    model: recipe.model(for: .export), output: recipe.exportOutput,
                    isReplacing: isResuming)
            }
        case .generate:
            try onFirstRank {
                let model = try recipe.model(for: .generate)
                try GeneratePhase(compute: compute).run(recipe.generate, keepingSamplesOf: model)
            }
        }
        return true
    }

    /// A run that is resumed uses shards that another program prepared, and replaces those of a
    /// preparation that was cut off, which lack the tokenizer.json.
    private func prepare(_ recipe: Recipe, _ ledger: PhaseLedger) throws {
        let isDone = try communicator.firstRankFinds {
            try isResuming && !ledger.hasEntry()
                && DirectoryEntries.isThere(
                    (recipe.prepare.output ?? "") + "/tokenizer.json", followsLinks: true)
        }
        if isDone { return say("already prepared: \(recipe.prepare.output ?? "")") }
        let phase = PreparePhase(communicator: communicator)
        let plan = try phase.plan(recipe.prepare)
        let given = try communicator.agree {
            try recipe.requireWindows(plan)
            return try recipe.tokenizer.path.map { try StoredModelFormat.tokenizer($0) }
        }
        let tokenizer =
            try given
            ?? TokenizerPhase(communicator: communicator).train(
                recipe.tokenizer, on: plan.texts)
        try communicator.agree { try recipe.requireWindows(plan, tokenizer: tokenizer) }
        let summary = try phase.run(
            plan, recipe.prepare, tokenizer: tokenizer, malformed: .replaced,
            isReplacing: isResuming)
        say(summary)
    }

    private func evaluate(_ recipe: Recipe, _ compute: ComputeResources) throws {
        if recipe.isClassifier(for: .evaluate) {
            let (own, model) = try communicator.agree {
                (try recipe.fineTuning(), try recipe.model(for: .evaluate))
            }
            return try FineTunePhase(
                isResuming: isResuming, compute: compute, communicator: communicator
            ).report(own, model: model)
        }
        let model = try communicator.agree { try recipe.model(for: .evaluate) }
        try evaluateTasks(recipe, compute, model)
        try compare(recipe, compute)
        guard let data = recipe.data.validation else {
            if recipe.pairwise.prompts == nil { say("no validation data") }
            return
        }
        let scores = try EvaluatePhase(communicator: communicator, compute: compute).run(
            model: model, data: data, sequenceLength: recipe.train.sequenceLength,
            placement: recipe.data.placement)
        try communicator.agree {
            if communicator.rank == 0 {
                Console.record(scores.json.text())
                try RunRecords(ofModel: model)?.add(
                    evaluation: scores.json, of: data, step: ReportedCheckpoint.step(of: model))
            }
            try FiniteFigures.require(scores.json, at: model)
        }
    }

    private func evaluateTasks(
        _ recipe: Recipe, _ compute: ComputeResources, _ model: String
    ) throws {
        let (own, tuned) = (recipe.evaluate, recipe.finetune.evaluate)
        let tasks = own.tasks + tuned.tasks.filter { !own.tasks.contains($0) }
        guard !tasks.isEmpty else { return }
        let report = try TaskPhase(communicator: communicator, compute: compute).run(
            model: model, tasks: tasks, shots: nil, limit: own.limit ?? tuned.limit)
        say(report.text)
        say(report.json.text())
        try communicator.agree { try FiniteFigures.require(report.json, at: model) }
    }

    private func onFirstRank(_ body: () throws -> Void) throws {
        try communicator.agree { if communicator.rank == 0 { try body() } }
    }

    private func sayHowToGoOn(after phase: Recipe.Phase) {
        guard communicator.rank == 0 else { return }
        Console.write(
            "the phase \(phase.rawValue) failed; what is finished is kept: when the cause below is "
                + "gone, run the recipe again with --resume\n", to: .standardError)
    }

    private func say(_ line: String) {
        if communicator.rank == 0 { Console.line(line) }
    }
}

extension Recipe {
    /// Refuses a text that is too short for the training which is to follow.
    fileprivate func requireWindows(
        _ plan: PreparationPlan, tokenizer: (any Tokenizer)? = nil
    ) throws {
        guard phases.contains(.pretrain),
            let length = train.sequenceLength ?? model.contextLength
        else { return }
        let uses = [(DatasetSplit.train, data.train), (.validation, data.validation)]
        try plan.requireWindows(
            of: length, in: uses.filter { $0.1 == prepare.output }.map(\.0), tokenizer: tokenizer)
    }
}
