import Collectives
import Datasets
import Diagnostics
import Evaluation
import Logging
import Tensors
import Training

/// The lines about a run in its log before the first step.
extension TrainingPhase {
    package func announce(
        _ recipe: Recipe, _ task: any TrainingTask, _ start: RunStart, _ logger: Logger
    ) {
        logger.info(
            """
            recipe, where it differs from the defaults (the whole is in \(recipe.output)/recipe.yaml):
            \(recipe.announcedYAML)
            """)
        logger.info("\(compute.description(worldSize: communicator.worldSize))")
        announceLanes(recipe, start, logger)
        if recipe.train.precision == .bf16 && !ComputeKernels.hasBFloat16 {
            logger.warning(
                "this processor has no instructions for bf16: the products are computed in fp32")
        }
        for warning in compute.warnings + start.messages + task.warnings {
            logger.warning("\(warning)")
        }
        if let checkpoint = start.checkpoint { logger.info("resuming from \(checkpoint.path)") }
        if compute.choice.origin == .checkpoint {
            logger.info("these are the kernels of the run so far, which keep its bits")
        } else if let kernels = start.state?.kernels, kernels != compute.kernels.description {
            logger.warning(
                """
                from here on the bits differ from those of the run so far: it computed with \
                \(kernels), now it is \(compute.kernels.description)
                """)
        }
        logger.info("\(task.description)")
    }

    /// Logs on how many ranks the run gives the same bits, and from which step on another number of
    /// lanes gives others.
    func announceLanes(_ recipe: Recipe, _ start: RunStart, _ logger: Logger) {
        guard let lanes = recipe.train.lanes else { return }
        let ranks = Quantity.count(lanes, "rank")
        logger.info("train.lanes \(lanes): the run gives the same bits on up to \(ranks)")
        guard let state = start.state, state.laneCount != lanes else { return }
        logger.warning(
            """
            train.lanes was \(state.laneCount), is \(lanes): from step \(state.step + 1) on gradients \
            are added in another order, and the bits differ from those of a run that keeps its lanes
            """)
    }

    /// Logs how often the run goes over each source of a mixture.
    func announceSources(
        _ source: any BatchSource, _ recipe: Recipe, stepCount: Int, _ logger: Logger
    ) {
        guard let mixture = source as? MixtureSource else { return }
        for (data, epochs) in zip(recipe.data.sources, mixture.epochs(steps: stepCount)) {
            let share = data.weight.map { "weight \($0)" } ?? "\(data.tokens ?? 0) tokens"
            logger.info(
                "source \(data.path), \(share): \((epochs * 100).rounded() / 100) epochs in all steps"
            )
        }
    }

    func announceGradientType(
        _ train: TrainOptions, _ memory: TrainingMemory?, _ logger: Logger
    ) {
        if communicator.worldSize == 1 && train.optimizerSharding == .zero1 {
            logger.info("train.optimizer_sharding: zero1 changes nothing: one rank has all moments")
        }
        guard train.gradientType == .bf16 else { return }
        logger.info(
            communicator.worldSize == 1
                ? "train.gradient_dtype: bf16 changes nothing: one rank sends no gradients"
                : memory?.shared.hosts.count == 1
                    ? "train.gradient_dtype: bf16 changes nothing: the ranks add in shared memory"
                    : "train.gradient_dtype: bf16: the weights depend on the number of ranks")
    }

    func announce(
        _ islands: Islands, _ recipe: Recipe, _ layout: ParameterLayout, _ logger: Logger
    ) {
        let options = recipe.outer
        let fragments = Quantity.count(options.fragmentCount, "fragment")
        let traffic = OuterOptimizer.bytesInPeriod(options, layout, islandCount: islands.count)
        logger.info(
            """
            \(islands) meet every \(options.everySteps) steps in \(fragments), each \
            \(Quantity.count(options.delaySteps, "step")) under way: an island sends \
            \(Quantity.bytes(traffic / options.everySteps)) a step; the loss of a step is that of the first
            """)
        guard recipe.checkpoint.inputOutput == .gather else { return }
        logger.warning(
            """
            checkpoint.io: gather: a checkpoint has the weights that the islands have in common and the \
            moments of the first; a resume goes on from those, not with the same bits
            """)
    }

    func announceFrozen(_ layout: ParameterLayout, _ logger: Logger) {
        guard layout.trainedCount < layout.flatCount else { return }
        let share = Double(layout.trainedParameterCount) / Double(layout.parameterCount)
        logger.info(
            """
            trained: \(layout.trainedParameterCount) of them (\(String(format: "%.2f", 100 * share)) %); the \
            ranks reduce \(Quantity.bytes(4 * layout.trainedCount)) of gradients a step
            """)
    }

    /// Logs that a validation leaves out a part of long shards, where nobody asked for that.
    func announceValidation(
        _ loss: ValidationLoss?, _ options: EvaluationOptions, _ logger: Logger
    ) {
        guard let loss, loss.leftOutCount > 0, options.batches == nil else { return }
        logger.info(
            """
            a validation takes the first \(loss.sequenceCount) of \(loss.sequenceCount + loss.leftOutCount) \
            windows, since the shards are long; evaluate.batches takes more or fewer
            """)
    }

    /// - Parameters:
    ///   - removedCount: files of a killed run that were removed.
    ///   - missingByteCount: memory for messages that could not be reserved.
    func announceSegments(_ removedCount: Int, _ missingByteCount: Int, _ logger: Logger) {
        if removedCount > 0 {
            logger.warning(
                "removed \(Quantity.count(removedCount, "file")) of a killed run from /dev/shm")
        }
        guard missingByteCount > 0 else { return }
        logger.warning(
            """
            /dev/shm has no room for \(Quantity.bytes(missingByteCount)) that the messages of MPI may \
            come to need: should it be full then, the run ends; make room in it, or enlarge it
            """)
    }
}
