import Foundation
import ModelFiles
import Models
import Tensors

/// A tiny model with what PyTorch computed for it (Tests/Fixtures/make_gpt2_fixtures.py,
/// make_llama_fixtures.py, make_family_fixtures.py and make_optimizer_fixtures.py).
package struct ReferenceModel: CustomStringConvertible, Equatable, Sendable {
    package let name: String

    package static let gpt2 = ["uneven", "full-context", "one-layer"].map {
        ReferenceModel(name: "gpt2/\($0)")
    }
    package static let llama = ["grouped", "scaled"].map {
        ReferenceModel(name: "llama/\($0)")
    }
    /// Three of each family, and more, by the names of their directories.
    package static let families = {
        let folder = tests.appending(path: "Fixtures/families").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { ReferenceModel(name: "families/\($0)") }
    }()
    /// With updates by each rule.
    package static let optimizers = ReferenceModel(name: "optimizers/tiny")
    package static let all = gpt2 + llama + families
    /// The first of each family.
    package static let oneOfEachFamily = families.filter { model in
        families.first { $0.family == model.family } == model
    }

    /// What the name of the directory begins with.
    private var family: Substring { name.prefix { $0 != "-" } }
    /// Whether make_family_fixtures.py made it.
    package var isOfAFamily: Bool { name.hasPrefix("families/") }
    package var description: String { name }

    /// A Hugging Face model directory.
    package var directory: String { Self.tests.appending(path: "Fixtures/\(name)").path }

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()

    package func model(device: Device) throws -> LanguageModel {
        let files = try ModelDirectory(reading: directory)
        let model = LanguageModel(files.model, device: device)
        for parameter in model.parameters.parameters {
            try files.readTensor(
                named: parameter.name, into: model.parameters.value(of: parameter).buffer)
        }
        return model
    }

    package func values(_ tensor: String) throws -> [Float] {
        let file = try SafetensorsFile(path: "\(directory)/reference.safetensors")
        let count = file.entries.first { $0.name == tensor }?.elementCount ?? 0
        var values = [Float](repeating: 0, count: count)
        try values.withUnsafeMutableBufferPointer { try file.readFloat32(tensor, into: $0) }
        return values
    }

    package func tokens(_ tensor: String, device: Device) throws -> Tensor<Int32> {
        let file = try SafetensorsFile(path: "\(directory)/reference.safetensors")
        let shape = file.entries.first { $0.name == tensor }?.shape ?? []
        let tokens: Tensor<Int32> = device.uninitialized(shape, of: Int32.self)
        try file.readBytes(tensor, into: UnsafeMutableRawBufferPointer(tokens.buffer))
        return tokens
    }
}

/// max|a - b| / max|b|: how far a tensor is from its reference.
package func relativeError(_ values: [Float], _ reference: [Float]) -> Float {
    precondition(values.count == reference.count, "\(values.count) against \(reference.count)")
    let largest = reference.map(abs).max() ?? 0
    let difference = zip(values, reference).map { abs($0 - $1) }.max() ?? 0
    return largest > 0 ? difference / largest : difference
}
