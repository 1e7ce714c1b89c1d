import Diagnostics
import Foundation
import Generation
import Models
import ReferenceModels
import Tensors
import Testing

/// What a model expects at each token of a text is what its forward pass says.
@Suite struct TextScoresTests {
    private let device = Device(threadCount: 2)

    /// Other products of the same numbers, in floats.
    private static let tolerance: Float = 1e-3

    @Test(arguments: ReferenceModel.all)
    func scoresAreTheLossesOfTheModel(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let vocabularySize = model.configuration.vocabularySize
        let prompt = try reference.tokens("prompt", device: device).array
        let ids = Array(prompt.prefix(model.configuration.contextLength - 1))
        let letters = Pieces.letters(vocabularySize)
        let scores = try TextScores(of: ids, by: model, letters, likeliestCount: 4)
        #expect(scores.tokens.count == ids.count)
        // What stands before the text, as far as the tokenizer has such a thing.
        let start = (letters.beginningOfTextID ?? letters.endOfTextID).map { [$0] } ?? []
        let all = start + ids
        let losses = model.tokenLosses(
            inputs: device.tensor(all.dropLast(), shape: [1, all.count - 1]),
            targets: device.tensor(all.dropFirst(), shape: [1, all.count - 1])
        ).array
        #expect((scores.tokens[0] == nil) == start.isEmpty)
        for (score, loss) in zip(scores.tokens.suffix(losses.count), losses) {
            let own = try #require(score)
            #expect(abs(own.logProbability + loss) < Self.tolerance * max(1, loss))
            #expect(own.likeliest.count == 4)
            #expect(own.likeliest.map(\.score) == own.likeliest.map(\.score).sorted(by: >))
            #expect(own.likeliest[0].score >= own.logProbability)
        }
        let logits = model.nextTokenLogits(device.tensor(all, shape: [1, all.count])).array
        #expect(scores.next[0].id == Int32(logits.indices.max { logits[$0] < logits[$1] } ?? 0))
    }

    @Test func aTextThatDoesNotFitIsRefused() throws {
        let reference = try #require(ReferenceModel.all.first)
        let model = try reference.model(device: device)
        let letters = Pieces.letters(model.configuration.vocabularySize)
        let length = model.configuration.contextLength
        for count in [0, length + 1] {
            let ids = Array(repeating: Int32(1), count: count)
            let failure = #expect(throws: Failure.self) {
                try TextScores(of: ids, by: model, letters, likeliestCount: 1)
            }
            #expect(failure?.line.contains("got \(count)") == true)
            #expect(failure?.kind == .usage)
        }
        _ = try TextScores(
            of: Array(repeating: 1, count: length - 1), by: model, letters, likeliestCount: 1)
    }

    /// The vectors by hand.
    @Test(arguments: ReferenceModel.all)
    func neighboursAreThoseOfTheTable(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let (size, width) = (
            model.configuration.vocabularySize - 1, model.configuration.embeddingSize
        )
        let table = try #require(
            model.parameters.parameters.first { $0.shape == [size + 1, width] })
        let values = Array(model.parameters.values.buffer[table.range]).map(Double.init)
        func cosine(_ a: Int, _ b: Int) -> Double {
            let (x, y) = (values[a * width..<(a + 1) * width], values[b * width..<(b + 1) * width])
            let lengths = [x, y].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            return zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / (lengths[0] * lengths[1])
        }
        let near = model.neighbours(of: [3, 0], count: 5, vocabularySize: size)
        for (id, found) in zip([3, 0], near) {
            let wanted = (0..<size).filter { $0 != id }.map { cosine(id, $0) }.sorted(by: >)
            #expect(found.count == 5)
            for (token, cosine) in zip(found, wanted) {
                #expect(abs(Double(token.cosine) - cosine) < 1e-4)
                #expect(Int(token.id) != id && Int(token.id) < size)
            }
        }
    }
}
