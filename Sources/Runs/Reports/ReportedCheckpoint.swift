import Diagnostics
import Files
import ModelFiles
import Models
import Tokenizers
import Training

/// The newest checkpoint of a run, as far as it can be read.
package struct ReportedCheckpoint {
    /// Its path, by the link that leads to the best or the newest one.
    let path: String
    let state: TrainerState?
    /// The model; nil for an adapter.
    let model: DecoderConfiguration?
    let parameterCount: Int
    let isAdapter: Bool
    let isClassifier: Bool
    let tokenizer: (any Tokenizer)?

    /// The step of the checkpoint that a model is; nil for another model.
    package static func step(of model: String) -> Int? {
        (try? CheckpointReader.state(in: model))?.step
    }

    /// Nil where the run has none.
    init?(in run: String, _ gaps: inout [String]) {
        let links = ["best", "latest"].map { "\(run)/checkpoints/\($0)" }
        guard
            let path = links.first(where: {
                (try? DirectoryEntries.isThere($0, followsLinks: true)) == true
            })
        else { return nil }
        self.path = path
        do {
            state = try CheckpointReader.state(in: path)
        } catch {
            state = nil
            gaps.append("the newest checkpoint: \((error as? Failure)?.line ?? "\(error)")")
        }
        isAdapter = (try? AdapterDirectory.exists(at: path)) ?? false
        let directory = isAdapter ? nil : (try? ModelDirectory(reading: path))
        model = directory?.model
        isClassifier = directory?.configuration.labels != nil
        parameterCount =
            directory?.configuration.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) } ?? 0
        tokenizer = try? TokenizerFile.load(path)
    }
}
