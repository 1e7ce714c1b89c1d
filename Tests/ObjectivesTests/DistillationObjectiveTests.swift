import Datasets
import Foundation
import JSON
import Models
import Objectives
import ReferenceModels
import Tensors
import Testing

/// The losses of a student and their gradients on answers of its own, against GKDTrainer of TRL
/// (Tests/Fixtures/make_distillation_fixtures.py).
@Suite struct DistillationObjectiveTests {
    /// The same float32 sums in another order.
    private static let tolerance = 1e-5

    private let device = Device(threadCount: 2)

    @Test func lossesAndGradientsAreThoseOfTRL() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/distillation/sequences.json")
        let json = try JSONValue(parsing: Array(try Data(contentsOf: path)), at: path.path)
        let student = try ReferenceModel.gpt2[0].model(device: device)
        let teacher = try ReferenceModel.llama[0].model(device: device)
        let batch = TokenBatch(try examples(json))
        let cases = try #require(json["cases"]?.array)
        #expect(cases.count == 7)
        for record in cases {
            let divergence = Divergence(
                beta: Float(try #require(record["beta"]?.double)),
                temperature: Float(try #require(record["temperature"]?.double)))
            let objective = DistillationObjective(
                model: student, teacher: .model(teacher, likeliest: nil), divergence)
            for parts in [[0..<3], [0..<1, 1..<3]] {
                let gradients = ParameterGradients(student.parameters)
                gradients.reset()
                var loss = 0.0
                for part in parts {
                    let tape = Tape(device: device, gradients: gradients)
                    let sum = objective.loss(tape, batch, part: part, dropout: nil)
                    tape.backward(from: sum.root)
                    loss += sum.value
                }
                gradients.zeroWhatIsMissing()
                let weight = objective.weight(of: batch, part: 0..<3)
                expectClose(loss / weight, record["loss"], "loss", divergence)
                for (name, norm) in record["norms"]?.object ?? [:] {
                    let parameter = try #require(student.parameters[name])
                    let squares = gradients.values.buffer[parameter.range].reduce(0.0) {
                        $0 + Double($1) * Double($1)
                    }
                    expectClose(squares.squareRoot() / weight, norm, name, divergence)
                }
            }
        }
    }

    private func examples(_ json: JSONValue) throws -> [TokenExample] {
        func ids(_ value: JSONValue) -> [Int32] {
            (value.array ?? []).compactMap { $0.integer.map(Int32.init) }
        }
        return zip(json["prompts"]?.array ?? [], json["answers"]?.array ?? []).map {
            let (prompt, answer) = (ids($0), ids($1))
            return TokenExample(
                inputs: prompt + answer.dropLast(),
                targets: Array(repeating: -1, count: prompt.count - 1) + answer)
        }
    }

    private func expectClose(
        _ value: Double, _ expected: JSONValue?, _ what: String, _ divergence: Divergence,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = expected?.double ?? .nan
        #expect(
            abs(value - expected) <= Self.tolerance * max(1, abs(expected)),
            "\(what): \(value), expected \(expected), \(divergence)",
            sourceLocation: sourceLocation)
    }
}
