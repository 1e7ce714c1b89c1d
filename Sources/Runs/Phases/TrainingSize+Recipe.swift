import Collectives
import Models
import Tensors
import Training

extension TrainingSize {
    /// - Parameter recipe: Leaves nothing open.
    package init(
        _ recipe: Recipe, _ model: DecoderConfiguration, _ plan: ParameterPlan, isValidated: Bool,
        savesCheckpoints: Bool = true, _ communicator: any Communicator
    ) {
        // Of the island that has the most lanes, whose ranks these are.
        let all = recipe.train.lanes ?? communicator.worldSize
        let laneCount = (all + recipe.train.islands - 1) / recipe.train.islands
        var train = recipe.train
        train.globalBatchSize = train.globalBatchSize / all * laneCount
        self.init(
            model: model, plan: plan, train: train,
            laneCount: laneCount, hosts: communicator.hosts,
            roundsWeights: recipe.training.multipliesBFloat16, isValidated: isValidated,
            checkpoint: savesCheckpoints ? recipe.checkpoint : nil)
    }
}
