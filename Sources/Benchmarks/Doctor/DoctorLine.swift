/// One line of the doctor's report, and what it means for training, in plain English.
package struct DoctorLine: Equatable {
    package let name: String
    package let value: String
    let meaning: String

    package init(_ name: String, _ value: String, _ meaning: String) {
        self.name = name
        self.value = value
        self.meaning = meaning
    }
}

/// A part of the report: for people, for programs, and what to worry about.
protocol DoctorPart {
    var title: String { get }
    var lines: [DoctorLine] { get }
    var warnings: [String] { get }
}
