import Diagnostics
import JSON
import Models

extension HuggingFaceConfiguration {
    /// The members that a classifier has beyond those of its model; transformers needs the token
    /// that fills up a batch to find the last one of a text.
    var labelMembers: [String: JSONValue] {
        guard let labels else { return [:] }
        let numbered = labels.enumerated().map { ("\($0)", JSONValue.string($1)) }
        let indices = labels.enumerated().map { ($1, JSONValue.integer($0)) }
        return [
            "architectures": .array([.string(model.architecture.classifierClass)]),
            "id2label": .object(Dictionary(uniqueKeysWithValues: numbered)),
            "label2id": .object(Dictionary(uniqueKeysWithValues: indices)),
            "pad_token_id": fillerID(of: labels).map(JSONValue.integer) ?? .null,
            "problem_type": .string(
                labels.count == 1 ? "regression" : "single_label_classification"),
        ]
    }

    /// The token that fills up a batch. A reward model scores after the end of an answer, which must not
    /// pass for one that fills up.
    private func fillerID(of labels: [String]) -> Int? {
        guard labels.count == 1 else { return endOfTextIDs.first }
        let candidates = (beginningOfTextID.map { [$0] } ?? []) + (0..<model.vocabularySize)
        return candidates.first { !endOfTextIDs.contains($0) }
    }
}

extension JSONMembers {
    private static let classifierSuffix = "ForSequenceClassification"

    /// The labels of a classifier, by number; nil for other models.
    func labels() throws(Failure) -> [String]? {
        let names = self["architectures"]?.array?.compactMap(\.string) ?? []
        guard names.contains(where: { $0.hasSuffix(Self.classifierSuffix) }) else { return nil }
        // The default of transformers.
        guard let stored = self["id2label"]?.object else { return ["LABEL_0", "LABEL_1"] }
        var labels: [String] = []
        for number in 0..<stored.count {
            guard let label = stored["\(number)"]?.string else {
                throw failure("id2label", expected: "a text for each number from 0 on")
            }
            labels.append(label)
        }
        guard Set(labels).count == labels.count, !labels.isEmpty else {
            throw failure("id2label", expected: "labels that differ")
        }
        return labels
    }
}
