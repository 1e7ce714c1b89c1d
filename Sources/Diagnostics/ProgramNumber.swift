/// The version of the program, for what it prints and what it makes.
package enum ProgramNumber {
    package static let text = "0.1.0"
}
