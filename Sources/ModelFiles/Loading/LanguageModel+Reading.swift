import Diagnostics
import Models
import Tensors

extension LanguageModel {
    /// Reads the parameters of the architecture, all of them finite, and a classification head where
    /// both have one of as many classes.
    ///
    /// - Throws: `Failure` where a model of other sizes lies there, or a number that is not
    ///   finite.
    package func readWeights(from path: String) throws {
        try readWeights(of: StoredModelFormat.open(path))
    }

    /// Reads them from a model that is open.
    package func readWeights(of files: any StoredModel) throws {
        guard files.model.hasSizes(of: configuration) else {
            throw Failure(
                "the model directory holds another model",
                expected: configuration.summary, got: files.model.summary, at: files.path)
        }
        // A classifier has no output layer, a model that writes text no head.
        let isAdded = Set(addedParameters.map(\.name))
        for parameter in parameters.parameters {
            let isOptional =
                isAdded.contains(parameter.name)
                || parameter.index == outputWeight.index && plan.classCount != nil
            if isOptional && files.shape(ofTensor: parameter.name) != parameter.shape {
                continue
            }
            let values = parameters.value(of: parameter).buffer
            try files.readTensor(named: parameter.name, into: values)
            try FiniteTensor(parameter.name, at: files.file(ofTensor: parameter.name))
                .check(UnsafeBufferPointer(values), on: device)
        }
    }
}
