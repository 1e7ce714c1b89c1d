import Collectives
import JSON

extension RolloutAnswer {
    /// The answers of all ranks on each. Collective.
    ///
    /// - Parameters:
    ///   - own: the numbers of those that this rank brings.
    ///   - count: of all of them.
    ///   - names: those of the rules that rewarded them.
    static func gathered(
        _ own: [Int], _ answers: [RolloutAnswer], count: Int, names: [String],
        _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        let lines: [JSONValue] = zip(own, answers).map { number, answer in
            ["number": .integer(number), "answer": answer.json(names: names)]
        }
        let texts = try communicator.allGather(
            ofAnySize: Array(JSONValue.array(lines).text().utf8))
        let place = "the answers of a rank"
        var all = [RolloutAnswer?](repeating: nil, count: count)
        for text in texts {
            for line in try JSONValue(parsing: text, at: place).array ?? [] {
                guard let number = line["number"]?.integer, let answer = line["answer"] else {
                    preconditionFailure("each line has a number and an answer")
                }
                all[number] = try RolloutAnswer(
                    answer, names: names, at: place, isEnd: { _ in false })
            }
        }
        let found = all.compactMap { $0 }
        precondition(found.count == count, "expected \(count) answers, got \(found.count)")
        return found
    }
}
