import Diagnostics
import Machine
import Models
import Tensors

extension LanguageModel {
    /// Reads the parameters of the architecture, all of them finite, and a classification head where
    /// both have one of as many classes.
    ///
    /// - Parameter part: the elements of the flat list of parameters that are read; nil reads all.
    /// - Throws: `Failure` where a model of other sizes lies there, or a number that is not
    ///   finite.
    package func readWeights(
        from path: String, part: Range<Int>? = nil, as held: HeldWeights = .stored
    ) throws {
        try readWeights(of: held.held(StoredModelFormat.open(path)), part: part)
    }

    /// Reads them from a model that is open.
    ///
    /// - Parameter whenRead: called with each parameter, before it is read.
    package func readWeights(
        of files: any StoredModel, part: Range<Int>? = nil,
        whenRead: (_ parameter: Parameter) -> Void = { _ in }
    ) throws {
        guard files.model.hasSizes(of: configuration) else {
            throw Failure(
                "the model directory holds another model",
                expected: configuration.summary, got: files.model.summary, at: files.path)
        }
        // Reading a tokenizer leaves much more behind than the tokenizer takes.
        MemoryRoom.releaseFree()
        reserveQuantized()
        // A classifier has no output layer, a model that writes text no head.
        let isAdded = Set(addedParameters.map(\.name))
        for parameter in parameters.parameters {
            whenRead(parameter)
            let isOptional =
                isAdded.contains(parameter.name)
                || parameter.index == outputWeight.index && plan.classCount != nil
            if isOptional && files.shape(ofTensor: parameter.name) != parameter.shape {
                continue
            }
            if parameter.isQuantized {
                try files.readQuantized(
                    named: parameter.name, into: parameters.quantized(parameter).matrix,
                    on: device)
                continue
            }
            let range = part.map { parameter.range.clamped(to: $0) } ?? parameter.range
            guard !range.isEmpty else { continue }
            let values = UnsafeMutableBufferPointer(rebasing: parameters.values.buffer[range])
            let first = parameter.range.lowerBound
            let elements = range.lowerBound - first..<range.upperBound - first
            try files.readTensor(named: parameter.name, elements, into: values)
            let path = files.file(ofTensor: parameter.name)
            try FiniteTensor(parameter.name, at: path, from: elements.lowerBound)
                .check(UnsafeBufferPointer(values), on: device)
        }
    }
}
