import Diagnostics
import Files

/// The likeliest tokens that a model finds behind some tokens, stored so that it need not read them again.
///
/// HDF5: `/ids` and `/log_shares` hold `count` numbers for each token, the likeliest first: of the tokens, and
/// the bits of minus the logarithms of their shares as floats (`.view("<f4")` in NumPy), both as unsigned
/// integers of 32 bits. The attributes `examples_sha256` and `model_sha256` name what was read, and by what;
/// `count` and `temperature` tell what for.
package struct LikeliestTokensFile: Equatable, Sendable {
    /// What a file is of.
    package struct Subject: Equatable, Sendable {
        package let examplesSHA256: String
        package let modelSHA256: String
        /// Tokens that are kept behind each token.
        package let count: Int
        /// What the logits were divided by.
        package let temperature: Double

        package init(
            examplesSHA256: String, modelSHA256: String, count: Int, temperature: Double
        ) {
            (self.examplesSHA256, self.modelSHA256) = (examplesSHA256, modelSHA256)
            (self.count, self.temperature) = (count, temperature)
        }
    }

    package let subject: Subject
    package let ids: [Int32]
    /// Minus the logarithms of the shares.
    package let costs: [Float]

    private static let formatVersion = 1
    private static let names = (ids: "ids", costs: "log_shares")

    package init(_ subject: Subject, ids: [Int32], costs: [Float]) {
        precondition(ids.count == costs.count, "expected as many shares as ids")
        (self.subject, self.ids, self.costs) = (subject, ids, costs)
    }

    /// Reads a file about this many tokens.
    ///
    /// - Parameter vocabularySize: of which all ids are.
    /// - Throws: `Failure` for what is no such file, and for one of something else.
    package init(
        reading path: String, _ subject: Subject, tokenCount: Int, vocabularySize: Int
    ) throws {
        let size = try FileReader(path: path, what: "cannot open the stored tokens").size
        let file = try HDF5File(reading: path)
        let work = StoredWork(name: "likeliest tokens", path: path, file: file)
        try work.require(
            version: Self.formatVersion, examples: subject.examplesSHA256,
            model: ("teacher", subject.modelSHA256))
        try work.require(
            "another number of tokens", "\(subject.count)",
            "\(try file.integer(named: "count"))")
        try work.require(
            "another temperature", "\(subject.temperature)",
            try file.string(named: "temperature"))
        func numbers(_ name: String) throws -> [Int32] {
            let dataset = try HDF5Dataset(
                reading: name, elementSizes: [4], in: file, fileSize: size)
            let expected = tokenCount * subject.count
            try work.require("other examples", "\(expected) of them", "\(dataset.count) of them")
            var numbers = [Int32](repeating: 0, count: expected)
            try numbers.withUnsafeMutableBufferPointer { try dataset.read(0..<expected, into: $0) }
            return numbers
        }
        let ids = try numbers(Self.names.ids)
        let costs = try numbers(Self.names.costs).map {
            Float(bitPattern: UInt32(bitPattern: $0))
        }
        guard ids.allSatisfy({ $0 >= 0 && $0 < vocabularySize }),
            costs.allSatisfy({ $0.isFinite && $0 >= 0 })
        else {
            throw Failure(
                "the stored likeliest tokens are damaged",
                expected: "tokens of \(vocabularySize), and finite shares", got: "others",
                at: path, remedy: "remove the file, and it is made anew")
        }
        self.init(subject, ids: ids, costs: costs)
    }

    /// Writes the file, which appears whole or not at all; an existing file is refused.
    package func write(to path: String) throws {
        try PublishedFile.create(at: path) { temporaryPath in
            let file = try HDF5File(creating: temporaryPath)
            try file.write(Self.formatVersion, named: "format_version")
            try file.write(subject.examplesSHA256, named: "examples_sha256")
            try file.write(subject.modelSHA256, named: "model_sha256")
            try file.write(subject.count, named: "count")
            try file.write("\(subject.temperature)", named: "temperature")
            for (name, bits) in [
                (Self.names.ids, ids.map(UInt32.init(bitPattern:))),
                (Self.names.costs, costs.map(\.bitPattern)),
            ] {
                let dataset = try HDF5Dataset(creating: name, elementSize: 4, in: file)
                try dataset.append(bits)
                try dataset.close()
            }
            try file.close()
        }
    }
}
