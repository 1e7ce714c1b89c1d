import Diagnostics
import Foundation
import Monitoring
import Training

/// Those that watch a training beside its files, on the first rank.
struct TrainingWatchers {
    var status: TerminalStatus?
    var servers: [LocalServer] = []
    var notices: NoticeCommand?

    /// Carries out the training, and tells how it ended.
    func telling(_ train: () throws -> Trainer.Outcome) throws -> Trainer.Outcome {
        do {
            let outcome = try train()
            notices?.end(outcome == .stopped ? .stopped : .done)
            return outcome
        } catch {
            notices?.end(.failed, (error as? Failure)?.line ?? "\(error)")
            throw error
        }
    }

    /// Takes them away, at the end of the training.
    func close() {
        status?.close()
        for server in servers { server.close() }
    }
}

extension TrainingPhase {
    /// Adds those that watch the training to what gets its metrics. Collective.
    ///
    /// - Throws: `AgreedFailure` where a port is not free.
    func watch(
        _ setup: inout TrainerSetup, _ recipe: Recipe, from step: Int
    ) throws -> TrainingWatchers {
        var watchers = TrainingWatchers()
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            watchers.servers = try serve(recipe, &setup) + showDashboard(recipe, &setup)
            watchers.notices = recipe.metrics.notify.map { [logger = setup.logger] command in
                NoticeCommand(command, run: recipe.output) { logger.warning("\($0)") }
            }
            watchers.status = status(setup, recipe, from: step)
            let sinks: [(any MetricsSink)?] = [watchers.notices, watchers.status]
            setup.watchers += sinks.compactMap { $0 }
        }
        return watchers
    }

    private func serve(_ recipe: Recipe, _ setup: inout TrainerSetup) throws -> [LocalServer] {
        guard recipe.metrics.prometheusPort > 0 else { return [] }
        let endpoint = FigureEndpoint(run: recipe.name, stepCount: setup.stepCount)
        let server = try LocalServer(
            port: recipe.metrics.prometheusPort, key: "metrics.prometheus_port", service: endpoint)
        setup.watchers.append(endpoint)
        setup.logger.info("figures for Prometheus: http://127.0.0.1:\(server.port)/metrics")
        return [server]
    }

    /// A page on which the training is watched, and by who has its other token, steered.
    private func showDashboard(
        _ recipe: Recipe, _ setup: inout TrainerSetup
    ) throws -> [LocalServer] {
        guard recipe.metrics.dashboardPort > 0 else { return [] }
        let wishes = RunWishes()
        let tokens = (watching: Dashboard.makeToken(), steering: Dashboard.makeToken())
        let dashboard = Dashboard([recipe.output], tokens: tokens, describe: RunReporter.describe) {
            Self.carryOut($0, wishes)
        }
        let server = try LocalServer(
            port: recipe.metrics.dashboardPort, key: "metrics.dashboard_port", service: dashboard)
        setup.wishes = wishes
        let address = "http://127.0.0.1:\(server.port)"
        // Not into log.txt: who reads that may not steer.
        Console.line("dashboard, to watch: \(address)/\(tokens.watching)/")
        Console.line("dashboard, to steer: \(address)/\(tokens.steering)/")
        return [server]
    }

    @Sendable
    private static func carryOut(_ order: Dashboard.Order, _ wishes: RunWishes) {
        switch order {
        // As a launcher does it.
        case .stop: _ = kill(getpid(), SIGUSR1)
        case .checkpoint: wishes.add(.checkpoint)
        case .validate: wishes.add(.validate)
        }
    }

    /// A live status where a person looks at a terminal; several runs that share one have none.
    private func status(
        _ setup: TrainerSetup, _ recipe: Recipe, from step: Int
    ) -> TerminalStatus? {
        guard name == nil, ConsoleFormat.current == .text, let terminal = LiveTerminal.find()
        else { return nil }
        var figures = StatusFigures(stepCount: setup.stepCount, firstStep: step)
        figures.validationSteps = setup.validation == nil ? -1 : setup.evaluation.everySteps
        figures.checkpointSteps = setup.checkpoint.everySteps
        figures.peakTokensPerSecond = peakTokensPerSecond(setup, recipe)
        return TerminalStatus(figures, on: terminal)
    }

    /// What all ranks would reach if they did nothing but multiply and add, each as fast as this one; nil
    /// where the products are not in fp32, or where not all weights are trained.
    private func peakTokensPerSecond(_ setup: TrainerSetup, _ recipe: Recipe) -> Double? {
        let (model, parameters) = (setup.model, setup.model.parameters)
        guard !recipe.training.multipliesBFloat16,
            parameters.parameters.allSatisfy(\.isTrained)
        else { return nil }
        let cost = ModelCost(model.configuration, parameterCount: parameters.parameterCount)
        return FloatingPointRate.peak(on: model.device) * Double(communicator.worldSize)
            / cost.trainingFLOPs(sequenceLength: setup.source.sequenceLength)
    }
}
