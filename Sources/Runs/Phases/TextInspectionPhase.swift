import Diagnostics
import Foundation
import Generation
import ModelFiles
import Models
import Monitoring
import Tensors
import Tokenizers

/// `inspect --tokens`: a text as a model sees it.
package struct TextInspectionPhase {
    private let compute: ComputeResources

    /// Tokens that are told for each place, and neighbours for each token.
    private static let (likeliestCount, neighbourCount) = (5, 8)
    /// Different tokens whose neighbours are looked for, each against the whole vocabulary.
    private static let mostNeighbours = 200

    package init(compute: ComputeResources) { self.compute = compute }

    /// - Throws: `Failure` for an empty text, for one that is longer than the context, and for what is no
    ///   language model.
    package func run(
        _ text: String, model directory: String, base: String? = nil
    ) throws -> TextInspection {
        let (model, tokenizer) = try LoadedModel.load(
            directory, base: base, device: compute.makeDevice())
        let ids = try tokenizer.encode(text)
        let scores = try TextScores(
            of: ids, by: model, tokenizer, likeliestCount: Self.likeliestCount)
        let shown = ShownTokens(tokenizer)
        let tokens = try zip(ids, scores.tokens).map { id, score in
            TextInspection.Token(
                id: Int(id), text: try shown.text(of: id),
                loss: score.map { -Double($0.logProbability) },
                likeliest: try shown.candidates(score?.likeliest ?? []))
        }
        let different = ids.reduce(into: [Int32]()) { if !$0.contains($1) { $0.append($1) } }
            .prefix(Self.mostNeighbours)
        let near = model.neighbours(
            of: Array(different), count: Self.neighbourCount,
            vocabularySize: tokenizer.vocabularySize)
        return TextInspection(
            model: directory, tokens: tokens, next: try shown.candidates(scores.next),
            neighbours: try zip(different, near).map { id, near in
                (
                    try shown.text(of: id),
                    try near.map { .init(try shown.text(of: $0.id), Double($0.cosine)) }
                )
            })
    }
}

/// Tokens as text; one that is a part of a character is shown by its bytes.
private struct ShownTokens {
    private let tokenizer: any Tokenizer

    init(_ tokenizer: any Tokenizer) { self.tokenizer = tokenizer }

    func text(of id: Int32) throws -> String {
        let bytes = try tokenizer.bytes(of: [id])
        return String(validating: bytes, as: UTF8.self)
            ?? bytes.map { "<" + String($0, radix: 16, uppercase: true) + ">" }.joined()
    }

    /// - Parameter tokens: with their log-probabilities.
    func candidates(_ tokens: [ScoredToken]) throws -> [TextInspection.Candidate] {
        try tokens.map { .init(try text(of: $0.id), exp(Double($0.score))) }
    }
}
