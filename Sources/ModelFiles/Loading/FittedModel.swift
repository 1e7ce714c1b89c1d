import Diagnostics
import Models
import Tensors
import Tokenizers

extension StoredModel {
    /// The model with tables of as many rows as `model` has, and with an output layer of its own where
    /// `model` has one.
    ///
    /// Rows that are added hold the mean of those that are there, as where transformers resizes tables; an
    /// output layer that was tied is a copy of the table of embeddings.
    package func fitted(to model: DecoderConfiguration) -> any StoredModel {
        let isLonger = model.vocabularySize > self.model.vocabularySize
        guard isLonger || self.model.isTied && !model.isTied else { return self }
        return FittedModel(self, rowCount: model.vocabularySize, isTied: model.isTied)
    }
}

/// A model on the disk whose tables have more rows, or are no longer tied.
private struct FittedModel: StoredModel {
    private let files: any StoredModel
    let configuration: HuggingFaceConfiguration
    /// The names of the tables, each with the name of the one that is stored.
    private let tables: [String: String]

    init(_ files: any StoredModel, rowCount: Int, isTied: Bool) {
        self.files = files
        var configuration = files.configuration
        configuration.model.vocabularySize = rowCount
        configuration.model.isTied = isTied
        self.configuration = configuration
        let names = files.model.architecture.names
        let embeddings = names.name(of: .tokenEmbedding) + ".weight"
        let output = names.output + ".weight"
        tables = [embeddings: embeddings, output: files.model.isTied ? embeddings : output]
    }

    private var isLonger: Bool { model.vocabularySize > files.model.vocabularySize }

    var path: String { files.path }
    func file(ofTensor name: String) -> String { files.file(ofTensor: tables[name] ?? name) }
    func tokenizer() throws -> any Tokenizer { try files.tokenizer() }
    func tokenizerConfigurationJSON() throws -> [UInt8]? { try files.tokenizerConfigurationJSON() }
    func chatTemplate() throws -> ChatTemplate? { try files.chatTemplate() }

    func shape(ofTensor name: String) -> [Int]? {
        guard let table = tables[name] else { return files.shape(ofTensor: name) }
        return files.shape(ofTensor: table).map { [model.vocabularySize] + $0.dropFirst() }
    }

    func readTensor(
        named name: String, _ elements: Range<Int>?,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        guard let table = tables[name], isLonger else {
            return try files.readTensor(named: tables[name] ?? name, elements, into: buffer)
        }
        let width = model.embeddingSize
        let storedCount = files.model.vocabularySize * width
        let wanted = elements ?? 0..<model.vocabularySize * width
        let stored = wanted.clamped(to: 0..<storedCount)
        let isWhole = stored.count == storedCount
        let there = UnsafeMutableBufferPointer(rebasing: buffer[..<stored.count])
        if !stored.isEmpty {
            try files.readTensor(named: table, isWhole ? nil : stored, into: there)
        }
        guard wanted.upperBound > storedCount else { return }
        let mean = try isWhole ? Self.meanRow(of: there, width: width) : meanRow(of: table)
        for element in max(wanted.lowerBound, storedCount)..<wanted.upperBound {
            buffer[element - wanted.lowerBound] = mean[element % width]
        }
    }

    private func meanRow(of table: String) throws(Failure) -> [Float] {
        let width = model.embeddingSize
        let values = UnsafeMutableBufferPointer<Float>.allocate(
            capacity: files.model.vocabularySize * width)
        defer { values.deallocate() }
        try files.readTensor(named: table, nil, into: values)
        return Self.meanRow(of: values, width: width)
    }

    /// The mean of rows, summed in double from the first row on.
    private static func meanRow(
        of values: UnsafeMutableBufferPointer<Float>, width: Int
    ) -> [Float] {
        var sums = [Double](repeating: 0, count: width)
        for start in stride(from: 0, to: values.count, by: width) {
            for column in 0..<width { sums[column] += Double(values[start + column]) }
        }
        let rowCount = Double(values.count / width)
        return sums.map { Float($0 / rowCount) }
    }

    /// A table with new rows is read as floats.
    func quantizedType(ofTensor name: String) -> QuantizedType? {
        guard let table = tables[name] else { return files.quantizedType(ofTensor: name) }
        return isLonger ? nil : files.quantizedType(ofTensor: table)
    }

    func readQuantized(
        named name: String, into matrix: QuantizedMatrix, on device: Device
    ) throws(Failure) {
        try files.readQuantized(named: tables[name] ?? name, into: matrix, on: device)
    }
}
