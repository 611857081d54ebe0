//! Engine: planner, dispatcher, pacer, settler, receiver, janitor.
