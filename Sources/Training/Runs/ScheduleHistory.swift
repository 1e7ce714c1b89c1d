import Diagnostics
import Files
import JSON

/// The lanes and learning rates with which the steps of a run were computed, in RUN/schedules.json:
/// a resume may change both, and a step that is computed again needs those that it had.
package struct ScheduleHistory: Equatable, Sendable {
    package static let fileName = "schedules.json"

    /// The settings from one step of a run on.
    package struct Entry: Equatable, Sendable {
        /// The first step (from 0) that was computed with these settings.
        package var firstStep: Int
        /// Steps of the whole run, which the schedule spans.
        package var stepCount: Int
        package var laneCount: Int
        /// The keys of the learning rate alone are kept.
        package var optimizer: OptimizerOptions

        package init(
            firstStep: Int, stepCount: Int, laneCount: Int, optimizer: OptimizerOptions
        ) {
            self.firstStep = firstStep
            self.stepCount = stepCount
            self.laneCount = laneCount
            self.optimizer = optimizer
        }

        package var schedule: LearningRateSchedule {
            LearningRateSchedule(optimizer, stepCount: stepCount)
        }
    }

    /// The entries, in the order of their first steps.
    package private(set) var entries: [Entry]

    package init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// The entry under which `step` (from 0) was computed; nil for a run that kept none.
    package func entry(ofStep step: Int) -> Entry? {
        entries.last { $0.firstStep <= step } ?? entries.first
    }

    /// Lets `entry` hold from its first step on; what was to come after that step is forgotten.
    package mutating func begin(_ entry: Entry) {
        entries.removeAll { $0.firstStep >= entry.firstStep }
        guard let last = entries.last, last.isSame(as: entry) else {
            return entries.append(entry)
        }
    }
}

extension ScheduleHistory.Entry {
    /// Whether both entries give the same bits; each counts from its own first step.
    fileprivate func isSame(as other: ScheduleHistory.Entry) -> Bool {
        var other = other
        other.firstStep = firstStep
        return json == other.json
    }
}

// MARK: File

extension ScheduleHistory {
    private static let formatVersion = 1

    /// The history of the run in `directory`; empty where it kept none.
    package init(ofRun directory: String) throws {
        let path = "\(directory)/\(Self.fileName)"
        guard try DirectoryEntries.isThere(path) else {
            self.init()
            return
        }
        let json = try JSONValue(parsing: FileReader.bytes(of: path), at: path)
        guard json["format_version"]?.integer == Self.formatVersion,
            let entries = json["schedules"]?.array?.map(Entry.init(json:)),
            entries.allSatisfy({ $0 != nil })
        else {
            throw Failure(
                "the schedules of the run are damaged",
                expected: "format_version \(Self.formatVersion) and a list of schedules",
                got: json.summary, at: path,
                remedy: "put the file back, or remove it: then earlier schedules are forgotten")
        }
        self.init(entries.compactMap { $0 }.sorted { $0.firstStep < $1.firstStep })
    }

    package func write(toRun directory: String) throws {
        let json = JSONValue.object([
            "format_version": .integer(Self.formatVersion),
            "schedules": .array(entries.map(\.json)),
        ])
        try PublishedFile.write(
            Array(json.text(isPretty: true).utf8), to: "\(directory)/\(Self.fileName)")
    }
}

extension ScheduleHistory.Entry {
    fileprivate var json: JSONValue {
        .object([
            "first_step": .integer(firstStep), "steps": .integer(stepCount),
            "lanes": .integer(laneCount), "learning_rate": .number(optimizer.learningRate),
            "minimum_learning_rate": .number(optimizer.minimumLearningRate),
            "warmup_steps": .integer(optimizer.warmupSteps),
            "schedule": .string(optimizer.course.rawValue),
        ])
    }

    /// Reads an entry; nil for what is none.
    fileprivate init?(json: JSONValue) {
        guard let firstStep = json["first_step"]?.integer, firstStep >= 0,
            let stepCount = json["steps"]?.integer, stepCount > 0,
            let laneCount = json["lanes"]?.integer, laneCount > 0,
            let learningRate = json["learning_rate"]?.double,
            let minimum = json["minimum_learning_rate"]?.double,
            let warmupSteps = json["warmup_steps"]?.integer, warmupSteps >= 0,
            let schedule = json["schedule"]?.string.flatMap(OptimizerOptions.Schedule.init)
        else { return nil }
        var optimizer = OptimizerOptions()
        optimizer.learningRate = learningRate
        optimizer.minimumLearningRate = minimum
        optimizer.warmupSteps = warmupSteps
        optimizer.schedule = schedule
        self.init(
            firstStep: firstStep, stepCount: stepCount, laneCount: laneCount,
            optimizer: optimizer)
    }
}
