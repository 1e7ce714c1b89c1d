import Collectives
import Models
import Tensors
import Training

extension TrainingSize {
    /// - Parameters:
    ///   - recipe: leaves nothing open.
    ///   - islands: nil where all ranks train as one.
    package init(
        _ recipe: Recipe, _ model: DecoderConfiguration, _ plan: ParameterPlan, isValidated: Bool,
        savesCheckpoints: Bool = true, _ communicator: any Communicator, _ islands: Islands?
    ) {
        // Of the island that has the most lanes, whose ranks these are.
        let all = recipe.train.lanes ?? communicator.worldSize
        let laneCount = (all + recipe.train.islands - 1) / recipe.train.islands
        var train = recipe.train
        train.globalBatchSize = train.globalBatchSize / all * laneCount
        self.init(
            model: model, plan: plan, train: train,
            laneCount: laneCount, hosts: (islands?.own ?? communicator).hosts,
            roundsWeights: recipe.training.multipliesBFloat16, isValidated: isValidated,
            checkpoint: savesCheckpoints ? recipe.checkpoint : nil,
            limitsNorm: recipe.optimizer.maximumGradientNorm > 0)
        outer = recipe.outer
        optimizer = recipe.optimizer.kind
        if let islands { (island, islandsHere) = (islands.number, islands.onThisHost) }
    }
}
