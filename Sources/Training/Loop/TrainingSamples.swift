import Models

/// Texts that the model writes every so many steps of a training.
package struct TrainingSamples {
    package let everySteps: Int
    /// Writes the texts of a step, keeps them, and returns them as the log shows them; called on the first
    /// rank alone.
    package let write: (_ model: LanguageModel, _ step: Int) throws -> String

    package init(
        everySteps: Int, write: @escaping (_ model: LanguageModel, _ step: Int) throws -> String
    ) {
        (self.everySteps, self.write) = (everySteps, write)
    }
}
