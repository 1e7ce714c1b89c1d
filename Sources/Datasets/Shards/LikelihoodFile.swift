import Diagnostics
import Files

/// Log-likelihoods of texts, stored so that the model which gave them need not read the texts again.
///
/// HDF5: `/log_likelihoods` holds the bits of doubles as unsigned integers of 64 bits (`.view("<f8")` in
/// NumPy), all texts of an example one after the other; the attributes `examples_sha256` and
/// `model_sha256` name what was read, and by what.
package struct LikelihoodFile: Equatable, Sendable {
    private let examplesSHA256: String
    private let modelSHA256: String
    /// Of each example, for each of its texts.
    package let sums: [[Double]]

    private static let formatVersion = 1
    private static let name = "log_likelihoods"

    package init(sums: [[Double]], ofExamples examplesSHA256: String, by modelSHA256: String) {
        (self.sums, self.examplesSHA256, self.modelSHA256) = (sums, examplesSHA256, modelSHA256)
    }

    /// Reads a file of this many examples, each of so many texts.
    ///
    /// - Throws: `Failure` for what is no such file, and for one of other examples or another model.
    package init(
        reading path: String, count: Int, textCount: Int, ofExamples examplesSHA256: String,
        by modelSHA256: String
    ) throws {
        let size = try FileReader(path: path, what: "cannot open the stored likelihoods").size
        let file = try HDF5File(reading: path)
        let work = StoredWork(name: "log-likelihoods", path: path, file: file)
        try work.require(
            version: Self.formatVersion, examples: examplesSHA256,
            model: ("model", modelSHA256))
        let dataset = try HDF5Dataset(
            reading: Self.name, elementSizes: [8], in: file, fileSize: size)
        try work.require(
            "other examples", "\(count * textCount) of them", "\(dataset.count) of them")
        let bits = try dataset.readUInt64(0..<dataset.count)
        let sums = (0..<count).map { number in
            bits[number * textCount..<(number + 1) * textCount].map(Double.init(bitPattern:))
        }
        self.init(sums: sums, ofExamples: examplesSHA256, by: modelSHA256)
    }

    /// Writes the file, which appears whole or not at all; an existing file is refused.
    package func write(to path: String) throws {
        try PublishedFile.create(at: path) { temporaryPath in
            let file = try HDF5File(creating: temporaryPath)
            try file.write(Self.formatVersion, named: "format_version")
            try file.write(examplesSHA256, named: "examples_sha256")
            try file.write(modelSHA256, named: "model_sha256")
            let dataset = try HDF5Dataset(creating: Self.name, elementSize: 8, in: file)
            try dataset.append(sums.flatMap { $0.map(\.bitPattern) })
            try dataset.close()
            try file.close()
        }
    }
}
