import Diagnostics
import Models
import Tensors
import Tokenizers

/// How the weights of a loaded model lie in memory.
package enum HeldWeights: Equatable, Sendable {
    /// As floats.
    case floats
    /// Matrices that the file holds quantised stay so.
    case stored
    /// Matrices are quantised, to types that follow from this one as in a GGUF file.
    case quantized(GGUFType)

    /// - Parameter quantization: nil keeps what is stored.
    package init(_ quantization: WeightQuantization?) {
        self =
            switch quantization {
            case nil: .stored
            case .some(.none): .floats
            case .some(.q8): .quantized(.q8)
            case .some(.q4K): .quantized(.q4K)
            }
    }

    /// - Parameters:
    ///   - quantization: nil keeps what is stored.
    ///   - precision: that of the computation; rounding to bf16 wants floats.
    package init(_ quantization: WeightQuantization?, in precision: NumberFormat) {
        self = quantization == nil && precision == .bf16 ? .floats : Self(quantization)
    }

    /// The model on the disk as its weights are to be held.
    package func held(_ files: any StoredModel) -> any StoredModel {
        guard case .quantized(let type) = self else { return files }
        return QuantizingModel(files, type)
    }

    /// The types of the tensors that stay quantised.
    package func quantizedTypes(of files: any StoredModel) -> [String: QuantizedType] {
        guard self != .floats else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: files.model.tensors.compactMap { tensor in
                files.quantizedType(ofTensor: tensor.name).map { (tensor.name, $0) }
            })
    }
}

/// A model on the disk whose matrices are quantised as they are read.
private struct QuantizingModel: StoredModel {
    private let files: any StoredModel
    private let type: GGUFType
    private let tensors: [String: DecoderTensor]

    init(_ files: any StoredModel, _ type: GGUFType) {
        (self.files, self.type) = (files, type)
        tensors = Dictionary(uniqueKeysWithValues: files.model.tensors.map { ($0.name, $0) })
    }

    var path: String { files.path }
    var configuration: HuggingFaceConfiguration { files.configuration }
    func shape(ofTensor name: String) -> [Int]? { files.shape(ofTensor: name) }
    func file(ofTensor name: String) -> String { files.file(ofTensor: name) }

    func readTensor(
        named name: String, _ elements: Range<Int>?,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        try files.readTensor(named: name, elements, into: buffer)
    }

    func tokenizer() throws -> any Tokenizer { try files.tokenizer() }
    func tokenizerConfigurationJSON() throws -> [UInt8]? { try files.tokenizerConfigurationJSON() }
    func chatTemplate() throws -> ChatTemplate? { try files.chatTemplate() }

    /// Nil for rows of which no type has whole blocks.
    func quantizedType(ofTensor name: String) -> QuantizedType? {
        guard let tensor = tensors[name], tensor.canBeQuantized else { return nil }
        let stored = type.stored(tensor, shape: model.ggufShape(of: tensor), of: model)
        return QuantizedType(rawValue: stored.rawValue)
    }

    func readQuantized(
        named name: String, into matrix: QuantizedMatrix, on device: Device
    ) throws(Failure) {
        guard let tensor = tensors[name], let type = quantizedType(ofTensor: name),
            let encoding = GGUFType(rawValue: type.rawValue)
        else { preconditionFailure("\(name) is not quantised") }
        let values = device.uninitialized(tensor.shape)
        try files.readTensor(named: name, nil, into: values.buffer)
        let path = files.file(ofTensor: name)
        try FiniteTensor(name, at: path).check(UnsafeBufferPointer(values.buffer), on: device)
        let rows = model.isTransposed(tensor) ? device.transposed(values) : values
        let isFinite = matrix.encode(rows, on: device) { encoding.encode($0) }
        guard isFinite else {
            throw Failure(
                "the tensor \(name) does not fit \(type.name)",
                expected: "numbers whose scales are finite in F16", got: "larger ones", at: path,
                remedy: "leave out --quantize")
        }
    }
}

extension StoredModel {
    package func quantizedType(ofTensor name: String) -> QuantizedType? { nil }

    package func readQuantized(
        named name: String, into matrix: QuantizedMatrix, on device: Device
    ) throws(Failure) {
        preconditionFailure("\(name) is not quantised in \(path)")
    }
}
