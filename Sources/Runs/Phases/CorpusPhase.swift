import Collectives
import Corpus
import Diagnostics

/// `corpus`: raw files to clean documents; all ranks share the work, and what they make does not depend on
/// how many they are.
package struct CorpusPhase {
    package let communicator: any Communicator

    package init(communicator: any Communicator) {
        self.communicator = communicator
    }

    /// - Parameters:
    ///   - isResuming: Whether to go on with work that was cut off.
    ///   - isReplacing: Whether documents that were made with other options, or of other files, go.
    package func run(_ recipe: Recipe, isResuming: Bool, isReplacing: Bool = false) throws {
        let pipeline = CorpusPipeline(recipe.corpusSettings, over: communicator)
        let report = try pipeline.run(isResuming: isResuming, isReplacing: isReplacing, say: say)
        say("\(report.summary): \(recipe.corpus.output ?? "")")
    }

    private func say(_ line: String) {
        if communicator.rank == 0 { Console.line(line) }
    }
}
