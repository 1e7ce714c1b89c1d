import Diagnostics
import Foundation
import JSON
import Machine
import Training

/// What a training will cost, known before its first step; the same on all ranks.
package struct RunPlan: Sendable {
    package var title: String
    /// The sizes that decide memory and messages.
    package var size: TrainingSize
    package var model: String
    package var parameters: ParameterParts
    package var rankCount: Int
    package var hostCount: Int
    package var threadsPerRank: Int
    package var stepCount: Int
    /// The step at which the run goes on.
    package var firstStep = 0
    package var tokensPerStep: Int
    /// Passes over the data; nil where its size is not known yet.
    package var epochs: Double?
    /// What each rank takes, and what a process of the program takes by itself.
    package var needs: [TrainingNeed]
    package var ownBytes: Int
    /// The most bytes that a rank has in memory, with what it sees of the memory of others.
    package var peakMemoryBytes: Int
    /// The bytes of all ranks of the fullest node.
    package var nodeMemoryBytes: Int
    /// Bytes that the node has for them; nil where the system does not tell.
    package var roomBytes: Int?
    /// The bytes that leave the busiest node in a step.
    package var sentBytes: Int
    /// The seconds of a step; nil where the run is too short to be worth a measurement.
    package var step: StepSeconds?
    /// The power of the processors of all hosts while steps were measured; nil where they do not tell.
    package var watts: Double?
    package var validationCount: Int
    package var validationSeconds: Double
    package var checkpointBytes: Int
    package var checkpointCount: Int
    /// Seconds of one checkpoint; nil where the disk could not be measured.
    package var checkpointSeconds: Double?
    /// What could not be known.
    package var notes: [String] = []

    /// Seconds of what is left of the run. Checkpoints are written while the training goes on.
    package var finishSeconds: Double? {
        step.map { step in
            Double(stepCount - firstStep) * step.total
                + Double(validationCount) * validationSeconds
        }
    }

    /// The energy of what is left of the run.
    package var wattHours: Double? {
        finishSeconds.flatMap { seconds in watts.map { $0 * seconds / 3600 } }
    }
}

extension RunPlan {
    /// The name of the file in the directory of a run that keeps its plan.
    static let fileName = "plan.json"

    package var json: JSONValue {
        let need = needs.max { $0.total < $1.total } ?? TrainingNeed()
        let memory = Dictionary(
            uniqueKeysWithValues: need.parts.map {
                ($0.name.replacing(" ", with: "_"), JSONValue.integer($0.byteCount))
            } + [("program", .integer(ownBytes))])
        return .object([
            "name": .string(title), "model": .string(model),
            "parameters": .integer(parameters.total),
            "trained_parameters": .integer(parameters.trainedCount),
            "parameters_by_part": .object(
                Dictionary(
                    uniqueKeysWithValues: parameters.parts.map { ($0.name, .integer($0.count)) })),
            "ranks": .integer(rankCount), "hosts": .integer(hostCount),
            "threads_per_rank": .integer(threadsPerRank), "steps": .integer(stepCount),
            "first_step": .integer(firstStep),
            "tokens_per_step": .integer(tokensPerStep),
            "epochs": epochs.map(JSONValue.number) ?? .null,
            "peak_memory_bytes": .integer(peakMemoryBytes), "memory_by_kind": .object(memory),
            "node_memory_bytes": .integer(nodeMemoryBytes),
            "node_room_bytes": roomBytes.map(JSONValue.integer) ?? .null,
            "sent_bytes_per_step": .integer(sentBytes),
            "step_seconds": step.map { .number($0.total) } ?? .null,
            "step_seconds_by_part": step?.json ?? .null,
            "watts": watts.map(JSONValue.number) ?? .null,
            "watt_hours": wattHours.map(JSONValue.number) ?? .null,
            "validations": .integer(validationCount),
            "validation_seconds": step.map { _ in .number(validationSeconds) } ?? .null,
            "checkpoint_bytes": .integer(checkpointBytes),
            "checkpoints": .integer(checkpointCount),
            "checkpoint_seconds": checkpointSeconds.map(JSONValue.number) ?? .null,
            "finish_seconds": finishSeconds.map(JSONValue.number) ?? .null,
            "notes": .array(notes.map(JSONValue.string)),
        ])
    }

    package var text: String {
        (["plan of \(title)", model] + work + [""] + memory + [""] + time
            + notes.map { "note: \($0)" }).joined(separator: "\n")
    }

    private var work: [String] {
        var table = TextTable()
        table.add("parameters", Quantity.parameters(parameters.total))
        for part in parameters.parts {
            table.add("  \(part.name)", Quantity.parameters(part.count))
        }
        if parameters.trainedCount < parameters.total {
            table.add("trained", Quantity.parameters(parameters.trainedCount))
        }
        table.add("ranks", "\(rankCount) of \(Quantity.count(threadsPerRank, "thread"))")
        table.add("steps", "\(stepCount)")
        table.add("tokens a step", "\(tokensPerStep)")
        if let epochs { table.add("epochs", Quantity.number(epochs)) }
        return table.lines
    }

    private var memory: [String] {
        var table = TextTable()
        let need = needs.max { $0.total < $1.total } ?? TrainingNeed()
        table.add("memory of the fullest rank", Quantity.bytes(peakMemoryBytes))
        for part in need.parts { table.add("  \(part.name)", Quantity.bytes(part.byteCount)) }
        table.add("  the program itself", Quantity.bytes(ownBytes))
        table.add("memory of its node", Quantity.bytes(nodeMemoryBytes))
        if let roomBytes { table.add("the node has", Quantity.bytes(roomBytes)) }
        if sentBytes > 0 { table.add("a node sends in a step", Quantity.bytes(sentBytes)) }
        return table.lines
    }

    private var time: [String] {
        var table = TextTable()
        if let step { addSeconds(of: step, to: &table) }
        if validationCount > 0 {
            table.add(
                "\(Quantity.count(validationCount, "validation")), each",
                "\(Quantity.number(validationSeconds)) s")
        }
        let seconds = checkpointSeconds.map { ", \(Quantity.number($0)) s" } ?? ""
        table.add(
            "\(Quantity.count(checkpointCount, "checkpoint")), each",
            Quantity.bytes(checkpointBytes) + seconds)
        if let finishSeconds { table.add("done after", Self.duration(finishSeconds)) }
        if let watts, let wattHours {
            table.add(
                "energy", "\(Quantity.number(wattHours)) Wh at \(Quantity.number(watts)) W")
        }
        return table.lines
    }

    private func addSeconds(of step: StepSeconds, to table: inout TextTable) {
        table.add("a step", "\(Quantity.number(step.total * 1e3)) ms")
        let parts = [
            ("passes", step.compute), ("waiting for other ranks", step.reduce),
            ("update", step.update), ("data and the rest", step.rest),
        ]
        for (name, seconds) in parts where seconds * 200 > step.total {
            table.add("  \(name)", "\(Quantity.number(seconds * 1e3)) ms")
        }
        table.add("tokens a second", Quantity.number(Double(tokensPerStep) / step.total))
    }

    /// One line: what it takes, and when it is done.
    package var summary: String {
        let memory =
            "\(Quantity.bytes(peakMemoryBytes)) of memory for the fullest rank, "
            + "\(Quantity.bytes(nodeMemoryBytes)) for its node"
        let time = step.map { step in
            "a step of \(tokensPerStep) tokens \(Quantity.number(step.total)) s, done in "
                + Self.duration(finishSeconds ?? 0)
        }
        return "plan: "
            + [
                memory, "checkpoints of \(Quantity.bytes(checkpointBytes))",
                time ?? "less than half a minute of steps",
                wattHours.map { "\(Quantity.number($0)) Wh" },
            ].compactMap { $0 }.joined(separator: ", ")
    }

    /// "1 h 12 min", "3 min 20 s", "9 s".
    package static func duration(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 1e12).rounded())
        return switch whole {
        case 86_400...: "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        case 3600...: "\(whole / 3600) h \(whole % 3600 / 60) min"
        case 60...: "\(whole / 60) min \(whole % 60) s"
        default: "\(whole) s"
        }
    }
}
