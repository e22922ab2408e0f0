mod create;
mod delete;
mod lines;
